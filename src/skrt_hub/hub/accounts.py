"""The way from a hub's folder to its accounts, for the commands.

`skrt_hub.hub.authenticator` stands alone and imports JupyterHub, which takes most of a second: it is imported by those
commands only that do something with accounts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skrt_hub.hub.identities import check_accounts
from skrt_hub.layout import Layout

if TYPE_CHECKING:
    from skrt_hub.hub.authenticator import Accounts


def accounts_of(layout: Layout) -> Accounts:
    """The accounts of the hub in this folder. Raises StateError, naming a copy, where the file is damaged or gone."""
    check_accounts(layout)
    from skrt_hub.hub.authenticator import Accounts  # noqa: PLC0415 - see above

    return Accounts(layout.accounts)
