"""Saved copies where they really are kept: S3-compatible storage; and read without skrt-hub, as the guide says."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import zstandard

from skrt_hub.context import Context
from skrt_hub.errors import BusyError, CopyError
from skrt_hub.progress import Silent
from skrt_hub.settings.model import Settings
from skrt_hub.snapshots import guard, operations, schedule
from skrt_hub.snapshots.copies import Copies
from skrt_hub.snapshots.opening import open_repository
from tests.support.homes import START, fill, hub, state
from tests.support.homes import home as home_of
from tests.support.hubs import free_port, until_open
from tests.support.patients import dicom

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def storage() -> Iterator[str]:
    """An S3 server on this machine (moto's, in a process of its own)."""
    pytest.importorskip("moto")
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
        try:
            until_open(port, program)
            yield f"http://127.0.0.1:{port}"
        finally:
            program.terminate()


@pytest.fixture
def bucket(storage: str, monkeypatch: pytest.MonkeyPatch) -> str:
    import boto3

    variables = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": storage,
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    name = f"b{time.time_ns()}"
    boto3.client("s3", endpoint_url=storage, region_name="us-east-1").create_bucket(Bucket=name)
    return name


@pytest.fixture
def copies(tmp_path: Path) -> Copies:
    made = hub(tmp_path / "one", "anna", "bob", keep={"last": 1, "daily": 0, "weekly": 0, "monthly": 0})
    fill(home_of(made, "anna"))
    (home_of(made, "anna") / "pipe").unlink()
    return made


def test_a_scheduled_save_of_patients_names_is_made_and_told_of(copies: Copies, bucket: str) -> None:
    (home_of(copies, "bob") / "scan.dcm").write_bytes(dicom(PatientName="MUELLER^EVA"))
    place = f"s3://{bucket}/term"
    for allowed, told in (("refused", "1 files of one home"), ("allowed", "")):
        settings = Settings.model_validate({"saves": {"place": place, "every": "1 h"}, "patient_data": allowed})
        context = Context(settings, copies.layout, Silent())
        assert "saved 2 homes" in schedule.run(context, copies.find_homes, START)
        note = schedule.note(settings, copies.layout)
        assert (told in note) if told else (note == "")
        assert "MUELLER" not in note


def test_homes_go_to_a_bucket_and_come_back(copies: Copies, bucket: str, tmp_path: Path) -> None:
    place = f"s3://{bucket}/term/copies"
    operations.run_save(copies, [], place, now=lambda: START)
    (home_of(copies, "anna") / "sub/large").write_bytes(os.urandom(5_000_000))
    operations.run_save(copies, [], place, now=lambda: START + timedelta(hours=1))
    assert len(operations.run_list(copies, place).saves) == 1
    assert operations.run_verify(copies, place).problems == ()
    assert guard.unsaved(copies) == []
    other = hub(tmp_path / "two")
    operations.run_restore(other, [], place, None, None)
    assert state(home_of(other, "anna")) == state(home_of(copies, "anna"))


def test_a_bucket_is_held_by_one_at_a_time(copies: Copies, bucket: str) -> None:
    place = f"s3://{bucket}/copies"
    operations.run_save(copies, [], place)
    with open_repository(place).locked(), pytest.raises(BusyError):
        operations.run_save(copies, [], place)
    operations.run_save(copies, [], place)


def test_a_bucket_that_is_not_there_is_told(copies: Copies, bucket: str) -> None:
    with pytest.raises(CopyError):
        operations.run_save(copies, [], f"s3://{bucket}-none/copies")
    with pytest.raises(CopyError, match="no saved copies"):
        operations.run_restore(copies, [], f"s3://{bucket}/empty", None, None)


def test_keys_may_stand_in_a_file_that_only_its_owner_reads(
    copies: Copies, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = tmp_path / "keys"
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    keys.write_text(
        f"[default]\naws_access_key_id = a\naws_secret_access_key = b\nregion = us-east-1\nendpoint_url = {endpoint}\n"
    )
    keys.chmod(0o644)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name)
    with pytest.raises(CopyError, match="read by others"):
        open_repository(f"s3://{bucket}/copies", create=True, credentials=keys)
    keys.chmod(0o600)
    open_repository(f"s3://{bucket}/copies", create=True, credentials=keys).put("packs/a.tar.zst", b"x")


def test_a_home_is_restored_without_skrt_hub_as_the_guide_says(copies: Copies, tmp_path: Path) -> None:
    place = tmp_path / "copies"
    operations.run_save(copies, ["anna"], str(place))
    guide = (PROJECT / "docs/reference/saved-copies.md").read_text()
    program = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)[0]
    (tmp_path / "restore.py").write_text(program)
    contents = tmp_path / "contents"
    contents.mkdir()
    for pack in place.glob("packs/*.tar.zst"):
        plain = zstandard.ZstdDecompressor().stream_reader(pack.read_bytes(), read_across_frames=True).read()
        subprocess.run(["tar", "-x", "-C", str(contents)], input=plain, check=True)
    (manifest,) = place.glob("saves/*/anna.jsonl.zst")
    lines = zstandard.ZstdDecompressor().stream_reader(manifest.read_bytes()).read()
    (tmp_path / "anna.jsonl").write_bytes(lines)
    assert json.loads(lines.splitlines()[0])["name"] == "anna"
    command = [sys.executable, "restore.py", "anna.jsonl", "contents", "anna"]
    subprocess.run(command, cwd=tmp_path, check=True)
    before, after = state(home_of(copies, "anna")), state(tmp_path / "anna")
    assert {path: facts for path, facts in after.items() if facts[0] != "folder"} == {  # type: ignore[index]
        path: facts
        for path, facts in before.items()
        if facts[0] != "folder"  # type: ignore[index]
    }
