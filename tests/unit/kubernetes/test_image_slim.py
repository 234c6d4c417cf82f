"""What the image loses beside what is taken out everywhere."""

from __future__ import annotations

import csv
from importlib import metadata
from pathlib import Path

from skrt_hub.targets.kubernetes.image import slim


def test_lists_of_files_name_only_what_is_there(tmp_path: Path) -> None:
    about = tmp_path / "laboratory-1.dist-info"
    for name in ("laboratory/__init__.py", "laboratory/a, b.txt", "laboratory-1.dist-info/METADATA"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("Name: laboratory\n")
    rows = [
        ["laboratory/__init__.py", "sha256=abc", "3"],
        ["laboratory/a, b.txt", "sha256=def", "4"],
        ["laboratory/tests/test_it.py", "sha256=ghi", "5"],
        ["laboratory-1.dist-info/METADATA", "", ""],
        ["laboratory-1.dist-info/RECORD", "", ""],
    ]
    with (about / "RECORD").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    assert slim.shorten_lists(tmp_path) > 0
    (found,) = metadata.distributions(path=[str(tmp_path)])
    assert [str(file) for file in found.files or ()] == [row[0] for row in rows if "tests" not in row[0]]
    assert (found.files or [])[1].size == 4
