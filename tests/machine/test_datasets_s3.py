"""Sets of data from a real S3 server: with keys, without, and as the Imaging Data Commons has them (made files)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skrt_hub.context import Context
from skrt_hub.datasets import fetch, operations, places, record
from skrt_hub.datasets.known import find
from skrt_hub.datasets.pieces import FIRST, STORAGE
from skrt_hub.errors import CopyError, NetworkError
from skrt_hub.layout import Layout
from skrt_hub.progress import Silent
from skrt_hub.settings.model import Settings
from tests.support.s3 import KEYS, client, running_server


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with running_server() as found:
        yield found


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS[1])
    monkeypatch.setenv("AWS_REGION", "us-east-1")


def hub(folder: Path, entry: Any) -> Context:
    layout = Layout(folder / "state")
    layout.root.mkdir(exist_ok=True)
    return Context(Settings.model_validate({"datasets": [entry]}), layout, Silent())


def bring(context: Context) -> fetch.Fetched:
    return fetch.fetch(context, context.settings.datasets)[0]


def bucket(server: str, name: str, files: dict[str, bytes], *, public: bool = False) -> None:
    there = client(server)
    there.create_bucket(Bucket=name)
    for key, data in files.items():
        there.put_object(Bucket=name, Key=key, Body=data)
    if public:
        allow = {"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:ListBucket"]}
        where = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
        there.put_bucket_policy(Bucket=name, Policy=json.dumps({"Statement": [{**allow, "Resource": where}]}))


def test_a_folder_of_a_bucket_is_fetched_with_keys_and_checked(server: str, keys: None, tmp_path: Path) -> None:
    files = {"course/a/one.txt": b"one", "course/two.bin": b"2" * 3_000_000, "other/secret.txt": b"not asked for"}
    bucket(server, "own", files)
    context = hub(tmp_path, {"name": "scans", "s3": "s3://own/course", "endpoint": server})
    assert bring(context).record["vouched"] == STORAGE
    place = context.layout.dataset("scans")
    there = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
    assert there == {"a/one.txt", "two.bin", "CITATION.txt"}
    assert operations.verify_sets(context, []).exit_code == 0


def test_a_file_put_in_parts_has_no_checksum_and_is_recorded(server: str, keys: None, tmp_path: Path) -> None:
    there = client(server)
    there.create_bucket(Bucket="parts")
    upload = there.create_multipart_upload(Bucket="parts", Key="big")["UploadId"]
    tags = []
    for number, data in enumerate((b"a" * 5 * 2**20, b"b" * 1000), start=1):
        put = there.upload_part(Bucket="parts", Key="big", UploadId=upload, PartNumber=number, Body=data)
        tags.append({"PartNumber": number, "ETag": put["ETag"]})
    there.complete_multipart_upload(Bucket="parts", Key="big", UploadId=upload, MultipartUpload={"Parts": tags})
    context = hub(tmp_path, {"name": "big", "s3": "s3://parts", "endpoint": server})
    assert bring(context).record["vouched"] == FIRST
    data = (context.layout.dataset("big") / "big").read_bytes()
    assert hashlib.sha256(data).hexdigest() == hashlib.sha256(b"a" * 5 * 2**20 + b"b" * 1000).hexdigest()


def test_an_interrupted_fetch_asks_for_the_rest_alone(
    server: str, keys: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = bytes(range(256)) * 4096 * 12
    bucket(server, "resumed", {"big": data, "small": b"s"})
    context = hub(tmp_path, {"name": "big", "s3": "s3://resumed", "endpoint": server})
    begun: list[int] = []
    breaks = [True]
    honest = places._chunks

    def broken(answer: Any, label: str) -> Iterator[bytes]:
        begun.append(answer.range[0])
        for chunk in honest(answer, label):
            yield chunk
            if len(data) in answer.range and breaks[0]:
                raise NetworkError("the line broke")

    monkeypatch.setattr(places, "_chunks", broken)
    monkeypatch.setattr("skrt_hub.datasets.download._TRIES", 1)
    with pytest.raises(NetworkError, match="the line broke"):
        bring(context)
    breaks[0] = False
    bring(context)
    assert (context.layout.dataset("big") / "big").read_bytes() == data
    assert begun[-1] > 0  # and what was whole was not asked for again
    assert len(begun) == 3


def test_public_storage_is_read_without_keys_and_other_storage_is_not(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    bucket(server, "public", {"a": b"1"}, public=True)
    bucket(server, "private", {"a": b"1"})
    bring(hub(tmp_path, {"name": "a", "s3": "s3://public", "endpoint": server, "anonymous": True}))
    with pytest.raises(NetworkError, match="s3://private cannot be read"):
        bring(hub(tmp_path, {"name": "b", "s3": "s3://private", "endpoint": server, "anonymous": True}))


def test_a_known_set_lies_by_patient_and_kind(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real bucket needs the internet; here are made files in its folders."""
    monkeypatch.setenv(places.ADDRESS, server)
    series = find("lctsc").series(1)
    files = {f"{one.folder}/{number:04}.dcm": b"%d" % number for one in series for number in range(one.files)}
    left_out = next(iter(files))
    bucket(server, "idc-open-data", {key: data for key, data in files.items() if key != left_out}, public=True)
    context = hub(tmp_path, {"name": "lctsc", "patients": 1})
    with pytest.raises(CopyError, match="files, and"):  # the index says how many belong to each series
        bring(context)
    client(server).put_object(Bucket="idc-open-data", Key=left_out, Body=files[left_out])
    made = bring(context)
    place = context.layout.dataset("lctsc")
    patient = series[0].patient
    assert {path.name for path in (place / patient).iterdir()} == {"CT-1", "RTSTRUCT-1"}
    assert len(made.record["files"]) == len(files) == sum(one.files for one in series)
    assert made.record["vouched"] == STORAGE
    assert "CC BY 3.0" in (place / "CITATION.txt").read_text() and "LCTSC" in (place / "CITATION.txt").read_text()
    assert record.state_of(context.layout, context.settings.datasets[0]).words == "there"


@pytest.mark.long
def test_the_real_commons_has_what_the_index_says(tmp_path: Path) -> None:
    """Needs the internet."""
    source = fetch.source_for(hub(tmp_path, {"name": "lctsc", "patients": 1}).settings.datasets[0])
    try:
        pieces = source.pieces()
    except NetworkError as error:
        pytest.skip(f"the Imaging Data Commons cannot be reached: {error.why}")
    assert sum(piece.size for piece in pieces) == pytest.approx(find("lctsc").size(1), rel=0.01)
