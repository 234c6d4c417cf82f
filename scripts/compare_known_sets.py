"""Compare the sets that are known by name with the published index of the Imaging Data Commons.

    pip download --no-deps idc-index-data; unzip it into FOLDER; pip install pyarrow
    python scripts/compare_known_sets.py FOLDER

Needs the internet once, for the index. Ends with 1 where something differs, and says what.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from skrt_hub.datasets.known import Known, known_sets

_COLUMNS = [
    "PatientID",
    "Modality",
    "instanceCount",
    "series_size_MB",
    "aws_bucket",
    "license_short_name",
    "source_DOI",
]
_ROUNDED = 20_000  # bytes; the index gives MB with two digits


def main(folder: Path) -> int:
    """Print each difference; how it ends."""
    from pyarrow import parquet  # noqa: PLC0415 - nothing else of the project needs it

    (index,) = folder.rglob("idc_index.parquet")
    table = parquet.read_table(index, columns=["crdc_series_uuid", *_COLUMNS])
    for name, known in known_sets().items():
        if known.bucket:
            wanted = {row.folder for row in known.series()}
            places = [n for n, series in enumerate(table["crdc_series_uuid"].to_pylist()) if series in wanted]
            told = {row["crdc_series_uuid"]: row for row in table.take(places).to_pylist()}
            found = list(differences(known, told))
            print(f"{name}: {len(wanted)} series, {len(found)} differences", *found, sep="\n  ")
            if found:
                return 1
    return 0


def differences(known: Known, told: dict[str, dict[str, Any]]) -> list[str]:
    """What we say of a set and the index does not, in words."""
    found = []
    for row in known.series():
        there = told.get(row.folder)
        if there is None:
            found.append(f"{row.folder} is not in the index")
            continue
        pairs = {
            "patient": (row.patient, there["PatientID"]),
            "modality": (row.modality, there["Modality"]),
            "files": (row.files, there["instanceCount"]),
            "bucket": (known.bucket, there["aws_bucket"]),
        }
        found += [
            f"{row.folder}: {what} {ours}, there {theirs}" for what, (ours, theirs) in pairs.items() if ours != theirs
        ]
        if abs(row.size - there["series_size_MB"] * 1e6) > _ROUNDED:
            found.append(f"{row.folder}: {row.size} bytes, there {there['series_size_MB']} MB")
        if not known.licence.startswith(f"{there['license_short_name']} ("):
            found.append(f"licence {known.licence}, there {there['license_short_name']}")
        if str(there["source_DOI"]).lower() not in known.citation.lower():
            found.append(f"citation {known.citation}, there {there['source_DOI']}")
    return list(dict.fromkeys(found))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
