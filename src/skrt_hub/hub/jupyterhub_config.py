"""What `jupyterhub --config` loads: the state folder is named by SKRT_HUB_STATE, everything else is in `configure`."""

import os
from pathlib import Path

from skrt_hub.hub import own_config, tuning, visitors
from skrt_hub.hub.applied import read_applied
from skrt_hub.hub.configure import configure
from skrt_hub.hub.secrets import read_secrets
from skrt_hub.layout import Layout

layout = Layout(Path(os.environ["SKRT_HUB_STATE"]))
applied = read_applied(layout)
if applied is None:
    raise SystemExit(f"There is no hub in {layout.root}.")
secrets = read_secrets(layout.secrets)
tuning.apply()
own_origins = applied.settings.participant_url
visitors.install(None if own_origins else visitors.Gate(secrets.proxy), forms_lead_to=own_origins)
c = get_config()  # type: ignore[name-defined] # noqa: F821
configure(c, applied, layout, secrets)
own_config.load(c, applied.own_config, str(applied.settings.hub_config), layout.own_config)
