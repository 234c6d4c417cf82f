"""Make a chart that Helm can install from a clone of the Zero to JupyterHub repository, or of dask-gateway's.

In the repository the versions are placeholders and the values schema is YAML; the published chart has the versions
and `values.schema.json`. This does what its release tools do, in a folder of its own:

    python tests/cluster/prepare_chart.py CLONE FOLDER [--revision HEAD] [--version 4.4.0]
    export SKRT_HUB_TEST_CHART=FOLDER/jupyterhub

    python tests/cluster/prepare_chart.py --chart resources/helm/dask-gateway --revision 2026.3.0 --version 2026.3.0 \\
        CLONE FOLDER
    export SKRT_HUB_TEST_DASK_CHART=FOLDER/dask-gateway

CLONE may be a bare repository. Nothing of it belongs in this project's own repository.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

PLACEHOLDERS = ("0.0.1-set.by.chartpress", "set-by-chartpress")


def main(words: list[str] | None = None) -> int:
    """Prepare the chart and print its folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("clone", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--revision", default="HEAD")
    parser.add_argument("--version", default="4.4.0")
    parser.add_argument("--chart", default="jupyterhub", help="where it lies in the clone")
    given = parser.parse_args(words)
    print(prepare(given.clone, given.folder, revision=given.revision, version=given.version, chart=given.chart))
    return 0


def prepare(
    clone: Path, folder: Path, *, revision: str = "HEAD", version: str = "4.4.0", chart: str = "jupyterhub"
) -> Path:
    """Unpack the chart of `revision` below `folder`, with `version` in place of the placeholders."""
    where = f"{revision}:{chart.rpartition('/')[0]}" if "/" in chart else revision
    name = chart.rpartition("/")[2]
    archive = subprocess.run(["git", "-C", str(clone), "archive", where, name], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(folder, filter="data")
    made = folder / name
    for name in ("Chart.yaml", "values.yaml"):
        text = (made / name).read_text(encoding="utf-8")
        for placeholder in PLACEHOLDERS:
            text = text.replace(placeholder, version)
        (made / name).write_text(text, encoding="utf-8")
    for source in (*made.glob("values.schema.yaml"), *made.glob("schema.yaml")):
        schema = YAML(typ="safe").load(source.read_text(encoding="utf-8"))
        (made / "values.schema.json").write_text(json.dumps(_without_descriptions(schema)), encoding="utf-8")
        source.unlink()
    return made


def _without_descriptions(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without its texts; a property that is itself called `description` stays."""
    slim = {key: value for key, value in schema.items() if key != "description"}
    if isinstance(slim.get("properties"), dict):
        slim["properties"] = {
            name: _without_descriptions(value) if isinstance(value, dict) else value
            for name, value in slim["properties"].items()
        }
    return slim


if __name__ == "__main__":
    sys.exit(main())
