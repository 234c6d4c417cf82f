"""Sets of data: fetched once, resumed, checked, unpacked, read-only, and what is said where that cannot be."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import io
import json
import shutil
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from skrt_hub.context import Context
from skrt_hub.datasets import fetch, not_there, operations, record, web
from skrt_hub.datasets.download import Download
from skrt_hub.datasets.known import find, known_sets
from skrt_hub.datasets.pieces import FIRST, PUBLISHER, Piece, Stream, safe
from skrt_hub.errors import CopyError, NetworkError, SettingsError, SkrtHubError, SpaceError, StateError
from skrt_hub.hub import data_shown
from skrt_hub.inspection import guard
from skrt_hub.layout import Layout
from skrt_hub.policy.patient_data import PatientDataError
from skrt_hub.progress import Silent
from skrt_hub.settings.datasets import Dataset
from skrt_hub.settings.model import Settings

BIG = bytes(range(256)) * 4096 * 4


class Web(http.server.ThreadingHTTPServer):
    """A server that tells who asked for what, and breaks off where it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        self.breaks_after = -1
        self.vanishes = False
        self.address = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Web

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET(head=True)

    def do_GET(self, *, head: bool = False) -> None:
        data = self.server.files.get(self.path.partition("?")[0])
        if data is None:
            self.send_error(404)
            return
        tag = f'"{hashlib.md5(data).hexdigest()}"'
        start = 0
        given = self.headers.get("Range")
        if given and self.headers.get("If-Range", tag) == tag:
            start = int(given.removeprefix("bytes=").rstrip("-"))
        if start > len(data):
            if self.server.vanishes:
                del self.server.files[self.path]
            self.send_error(416)
            return
        if not head:
            self.server.asked.append((self.path, given or ""))
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(data) - start))
        self.send_header("ETag", tag)
        self.end_headers()
        if head:
            return
        body = data[start:]
        if 0 <= self.server.breaks_after < len(body):
            body, self.server.breaks_after = body[: self.server.breaks_after], -1
            self.wfile.write(body)
            self.close_connection = True
            self.connection.close()
            return
        self.wfile.write(body)


@pytest.fixture
def server() -> Iterator[Web]:
    with Web() as web:
        threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield web
        web.shutdown()


def test_where_less_is_there_than_was_fetched_all_is_read_again(server: Web) -> None:
    server.files["/a"] = b"short"
    piece = Piece("a", f"{server.address}/a")
    with web.from_web(piece, 100, "") as stream:
        assert (stream.start, b"".join(stream.chunks)) == (0, b"short")
    server.vanishes = True
    with pytest.raises(NetworkError, match="could not be read") as raised, web.from_web(piece, 100, ""):
        pass
    assert "404" in raised.value.why


def hub(folder: Path, *entries: Any, **more: Any) -> Context:
    layout = Layout(folder / "state")
    layout.root.mkdir(exist_ok=True)
    return Context(Settings.model_validate({"datasets": entries, **more}), layout, Silent())


def bring(context: Context, **more: Any) -> tuple[fetch.Fetched, ...]:
    return fetch.fetch(context, context.settings.datasets, **more)


def folder_of(path: Path, **files: str) -> Path:
    for name, text in files.items():
        file = path / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return path


def packed(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "/"), data)
    return stream.getvalue()


def test_a_folder_is_copied_described_and_shown_read_only(tmp_path: Path) -> None:
    own = folder_of(tmp_path / "own", table="1,2", deep__scan="pixels")
    (own / "link").symlink_to("/etc/passwd")
    context = hub(tmp_path, {"name": "mine", "folder": str(own), "licence": "CC0", "citation": "Me 2026"})
    (one,) = bring(context)
    place = context.layout.dataset("mine")
    assert one.changed
    assert {path.name for path in place.rglob("*")} == {"table", "deep", "scan", "CITATION.txt"}
    assert "Me 2026" in (place / "CITATION.txt").read_text() and "CC0" in (place / "CITATION.txt").read_text()
    assert str(tmp_path) not in (place / "CITATION.txt").read_text()  # participants read it
    assert {path.stat().st_mode & 0o777 for path in place.rglob("*")} == {0o444, 0o555}
    assert place.stat().st_mode & 0o777 == 0o555
    assert one.record["vouched"] == FIRST
    assert not bring(context)[0].changed
    assert not not_there(context)


def test_what_changed_since_the_first_fetch_is_refused_until_hub_yaml_says_its_hash(tmp_path: Path) -> None:
    own = folder_of(tmp_path / "own", table="1,2")
    entry = {"name": "mine", "folder": str(own)}
    context = hub(tmp_path, entry)
    bring(context)
    operations.remove_sets(context, ["mine"])
    folder_of(own, table="1,3")
    with pytest.raises(CopyError, match="another one than at the first fetch") as refused:
        bring(context)
    assert not context.layout.dataset("mine").exists()
    wanted = refused.value.remedy.partition("`hash: ")[2].partition("`")[0]
    (one,) = bring(hub(tmp_path, {**entry, "hash": wanted}))
    assert one.record["hash"] == wanted
    folder_of(own, table="1,4")
    operations.remove_sets(context, ["mine"])
    with pytest.raises(CopyError, match="not what `hash`"):
        bring(hub(tmp_path, {**entry, "hash": wanted}))


def test_verify_finds_every_kind_of_damage(tmp_path: Path) -> None:
    own = folder_of(tmp_path / "own", good="1", damaged="22", missing="3")
    context = hub(tmp_path, {"name": "mine", "folder": str(own)}, {"name": "later", "folder": str(own)})
    fetch.fetch(context, context.settings.datasets[:1])
    assert operations.verify_sets(context, ["mine"]).exit_code == 0
    place = context.layout.dataset("mine")
    place.chmod(0o755)
    (place / "damaged").chmod(0o644)
    (place / "damaged").write_text("23")  # the same size
    (place / "missing").unlink()
    (place / "added").write_text("")
    report = operations.verify_sets(context, [])
    (found,) = report.sets
    assert (found.damaged, found.missing, found.added) == (("damaged",), ("missing",), ("added",))
    assert report.exit_code == 17 and report.not_here == ("later",)


def test_an_archive_is_unpacked_once_and_checked_by_its_hash(tmp_path: Path, server: Web) -> None:
    server.files["/scans.zip"] = packed(ct__1=b"one", ct__2=b"two")
    digest = hashlib.sha256(server.files["/scans.zip"]).hexdigest()
    context = hub(tmp_path, {"name": "scans", "url": f"{server.address}/scans.zip", "hash": f"sha256:{digest}"})
    (one,) = bring(context)
    assert (context.layout.dataset("scans") / "ct/2").read_bytes() == b"two"
    assert one.record["vouched"] == "hub.yaml's hash"
    assert record.state_of(context.layout, context.settings.datasets[0]).words == "there"
    assert not context.layout.dataset_on_its_way("scans").exists()  # the archive does not stay beside its files
    bring(context)
    assert len(server.asked) == 1


@pytest.mark.parametrize("kind", ["md5", "sha256"])
def test_a_file_with_another_hash_is_thrown_away(tmp_path: Path, server: Web, kind: str) -> None:
    server.files["/a.bin"] = b"changed"
    wanted = hashlib.new(kind, b"as it was").hexdigest()
    context = hub(tmp_path, {"name": "a", "url": f"{server.address}/a.bin", "hash": f"{kind}:{wanted}"})
    with pytest.raises(CopyError, match="not the file that it should be") as refused:
        bring(context)
    assert wanted in refused.value.why
    assert not context.layout.dataset("a").exists()
    server.files["/a.bin"] = b"as it was"
    bring(context)
    assert (context.layout.dataset("a") / "a.bin").read_bytes() == b"as it was"


def test_an_interrupted_fetch_goes_on_where_it_was(
    tmp_path: Path, server: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files["/big.bin"] = BIG
    monkeypatch.setattr("skrt_hub.datasets.download._TRIES", 1)
    context = hub(tmp_path, {"name": "big", "url": f"{server.address}/big.bin"})
    server.breaks_after = 2_500_000
    with pytest.raises(NetworkError):
        bring(context)
    assert record.state_of(context.layout, context.settings.datasets[0]).words == "fetched in part"
    assert "fetched in part" in not_there(context)[0]
    bring(context)
    assert (context.layout.dataset("big") / "big.bin").read_bytes() == BIG
    begun = int(server.asked[-1][1].removeprefix("bytes=").rstrip("-"))
    assert 0 < begun <= 2_500_000


def test_a_connection_that_breaks_is_tried_again_by_itself(tmp_path: Path, server: Web) -> None:
    server.files["/big.bin"], server.breaks_after = BIG, 2_500_000
    context = hub(tmp_path, {"name": "big", "url": f"{server.address}/big.bin"})
    bring(context)
    assert (context.layout.dataset("big") / "big.bin").read_bytes() == BIG
    assert len(server.asked) == 2


def test_a_file_that_changed_between_two_tries_is_not_put_together(
    tmp_path: Path, server: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files["/big.bin"], server.breaks_after = BIG, 2_500_000
    monkeypatch.setattr("skrt_hub.datasets.download._TRIES", 1)
    context = hub(tmp_path, {"name": "big", "url": f"{server.address}/big.bin"})
    with pytest.raises(NetworkError):
        bring(context)
    server.files["/big.bin"] = other = BIG[::-1]
    bring(context)
    assert (context.layout.dataset("big") / "big.bin").read_bytes() == other


class Flood:
    """A source that sends more than it tells, without end."""

    vouches = FIRST

    def __init__(self, size: int) -> None:
        self.sent, self._size = 0, size

    def pieces(self) -> list[Piece]:
        return [Piece("scan.nii", "the flood", self._size)]

    @contextlib.contextmanager
    def reading(self, piece: Piece, start: int, state: str) -> Iterator[Stream]:
        yield Stream(0, self._chunks())

    def _chunks(self) -> Iterator[bytes]:
        while self.sent < 100:
            self.sent += 1
            yield bytes(1000)


def test_what_is_longer_than_it_was_told_is_not_read_to_its_end(tmp_path: Path) -> None:
    flood = Flood(5000)
    with pytest.raises(CopyError, match="longer than it should be"):
        Download(flood, tmp_path, lambda *_: None).run()
    assert flood.sent < 10
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size > 6000]


def test_what_does_not_end_leaves_room_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flood = Flood(-1)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10**9 - flood.sent * 10**8))
    with pytest.raises(SpaceError, match="nearly full"):
        Download(flood, tmp_path, lambda *_: None).run()
    assert flood.sent < 20


def test_two_things_of_one_name_are_told(tmp_path: Path, server: Web) -> None:
    archive = tmp_path / "scans.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("a.txt", "a")
    context = hub(tmp_path, {"name": "set", "folder": str(tmp_path)})
    fetching = fetch._Fetch(context, context.settings.datasets[0])
    files = folder_of(tmp_path / "files", scans="a file")
    shutil.copy(archive, files / "scans.zip")
    with pytest.raises(CopyError, match="two things of one name: scans"):
        fetching._unpack(files, [Piece("scans", ""), Piece("scans.zip", "")], tmp_path / "ready", None)  # type: ignore[arg-type]


def test_no_room_is_told_before_anything_is_fetched(
    tmp_path: Path, server: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files["/big.bin"] = BIG
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 10**7))
    context = hub(tmp_path, {"name": "big", "url": f"{server.address}/big.bin"})
    with pytest.raises(SpaceError, match="does not fit"):
        bring(context)
    assert not server.asked


def test_an_archive_that_would_write_elsewhere_is_refused(tmp_path: Path, server: Web) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("../outside"))
    server.files["/bad.tar.gz"] = stream.getvalue()
    context = hub(tmp_path, {"name": "bad", "url": f"{server.address}/bad.tar.gz"})
    with pytest.raises(CopyError, match="refused"):
        bring(context)
    assert not context.layout.dataset("bad").exists()


@pytest.mark.parametrize("name", ["../a", "/a", "a/../../b", ""])
def test_names_that_lead_out_are_refused(name: str) -> None:
    with pytest.raises(CopyError):
        safe([Piece(name, "x")], "the place")
    with pytest.raises(CopyError, match="two things"):
        safe([Piece("a", "x"), Piece("a/b", "y")], "the place")


def test_a_record_at_zenodo_is_found_by_its_doi_with_its_hashes(tmp_path: Path, server: Web) -> None:
    data = packed(inner=b"x")
    server.files |= {
        "/files/a.zip": data,
        "/files/read.me": b"text",
        "/records/123": json.dumps(
            {
                "metadata": {"title": "Scans", "creators": [{"name": "Doe, J"}], "license": {"id": "cc-by-4.0"}},
                "files": [
                    {
                        "key": name,
                        "size": len(content),
                        "checksum": f"md5:{hashlib.md5(content).hexdigest()}",
                        "links": {"self": f"{server.address}/files/{name}"},
                    }
                    for name, content in (("a.zip", data), ("read.me", b"text"))
                ],
            }
        ).encode(),
    }
    found = web.Record("https://doi.org/10.5281/zenodo.123", zenodo=server.address)
    assert [piece.digest[:4] for piece in found.pieces()] == ["md5:", "md5:"]
    assert found.licence == "cc-by-4.0"
    assert found.citation == "Doe, J. Scans. https://doi.org/10.5281/zenodo.123"


def test_the_manuals_set_lies_where_its_notebooks_look(
    tmp_path: Path, server: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = packed(patient__ct=b"x")  # without the folder that the notebooks look for
    server.files |= {
        "/file": data,
        "/articles/12579707/versions/1": json.dumps(
            {
                "title": "SPECT_CT_data.zip",
                "files": [
                    {
                        "name": "SPECT_CT_data.zip",
                        "size": len(data),
                        "download_url": f"{server.address}/file",
                        "computed_md5": hashlib.md5(data).hexdigest(),
                    }
                ],
            }
        ).encode(),
    }
    record_there = lambda doi: web.Record(doi, figshare=server.address)  # noqa: E731
    monkeypatch.setattr(fetch, "source_for", lambda entry: record_there(find(entry.name).doi))
    context = hub(tmp_path, "spect-ct")
    (one,) = bring(context)
    assert (context.layout.dataset("spect-ct") / "SPECT_CT_data/patient/ct").read_bytes() == b"x"
    assert one.record["vouched"] == PUBLISHER


def test_a_doi_of_another_place_says_what_to_write() -> None:
    with pytest.raises(SettingsError, match="cannot be found by its DOI") as refused:
        web.Record("10.1000/xyz").pieces()
    assert "`url`" in refused.value.remedy


def test_a_set_that_names_patients_is_asked_about_and_need_not_be_fetched_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = folder_of(tmp_path / "own", **{"scan.dcm": "MUELLER"})
    context = hub(tmp_path, {"name": "mine", "folder": str(own)})
    looked = []

    def survey(_: Context, paths: list[Path]) -> tuple[str, ...]:
        looked.append(paths)
        return ("PatientName in scan.dcm",)

    monkeypatch.setattr(guard, "survey_several", survey)
    with pytest.raises(PatientDataError, match="The data set mine"):
        bring(context)
    assert not context.layout.dataset("mine").exists()
    (context.layout.dataset_on_its_way("mine") / "files/scan.dcm").stat()
    bring(context, patients_too=True)
    assert (context.layout.dataset("mine") / "scan.dcm").exists()
    assert len(looked) == 1


def test_a_set_from_another_source_is_fetched_again(tmp_path: Path) -> None:
    one, other = folder_of(tmp_path / "one", a="1"), folder_of(tmp_path / "other", b="2")
    bring(hub(tmp_path, {"name": "mine", "folder": str(one)}))
    context = hub(tmp_path, {"name": "mine", "folder": str(other)})
    assert "another source" in not_there(context)[0]
    bring(context)
    assert {path.name for path in context.layout.dataset("mine").iterdir()} == {"b", "CITATION.txt"}


def test_list_tells_what_is_here_and_no_longer_named(tmp_path: Path) -> None:
    own = folder_of(tmp_path / "own", a="1")
    bring(hub(tmp_path, {"name": "mine", "folder": str(own)}))
    context = hub(tmp_path, {"name": "lctsc", "patients": 2})
    rows = {row.name: row for row in operations.list_sets(context).sets}
    assert rows["mine"].state == "here, and not named in hub.yaml any more"
    assert rows["lctsc"].files == 280 and "CC BY 3.0" in rows["lctsc"].licence
    assert operations.remove_sets(context, ["mine"]) == ("mine: what was fetched of it was removed.",)
    assert [row.name for row in operations.list_sets(context).sets] == ["lctsc"]
    with pytest.raises(StateError):
        operations.remove_sets(context, ["mine"])


def test_every_known_set_has_licence_citation_and_files() -> None:
    assert {"lctsc", "pancreatic-ct-cbct", "4d-lung", "nsclc-interobserver", "spect-ct"} == {*known_sets()}
    for known in known_sets().values():
        assert known.licence and "doi.org" in known.citation and known.size() > 10**9
        assert known.doi or {"CT", "RTSTRUCT"} <= {row.modality for row in known.series()}
    assert "RTDOSE" in {row.modality for row in find("pancreatic-ct-cbct").series()}
    assert len({row.patient for row in find("lctsc").series(5)}) == 5
    with pytest.raises(SettingsError, match="no known set 'lctcs'") as refused:
        find("lctcs")
    assert "Did you mean: lctsc?" in refused.value.remedy


def test_what_is_not_there_is_left_out_when_a_server_starts(tmp_path: Path) -> None:
    own = folder_of(tmp_path / "own", a="1")
    data = [{"name": "here", "folder": str(own)}, {"name": "gone", "folder": str(tmp_path / "gone")}]
    context = hub(tmp_path, {"name": "mine", "folder": str(own)}, {"name": "lctsc"}, data=data)
    fetch.fetch(context, context.settings.datasets[:1])
    folders = data_shown.folders(context.settings, context.layout)
    assert folders["mine"] == context.layout.dataset("mine")
    assert data_shown.absent(context.settings, context.layout) == {"gone", "lctsc"}


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"name": "a", "url": "https://x/a.zip", "doi": "10.5281/zenodo.1"}, "one source alone"),
        ({"name": "a", "url": "ftp://x/a.zip"}, "https://"),
        ({"name": "a", "url": "https://x/"}, "end in a file's name"),
        ({"name": "a", "url": "https://x/a", "hash": "sha256:12"}, "64 hexadecimal digits"),
        ({"name": "a", "s3": "bucket/folder"}, "s3://bucket/folder"),
        ({"name": "a", "folder": "x", "anonymous": True}, "go with `s3`"),
        ({"name": "a", "folder": "x", "patients": 3}, "known by name"),
        ({"name": "../a"}, "pattern"),
    ],
)
def test_entries_that_cannot_be_are_told_in_words(entry: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Dataset.model_validate(entry)


def test_one_place_below_data_has_one_thing() -> None:
    with pytest.raises(ValidationError, match="data and datasets both have an entry called lctsc"):
        Settings.model_validate({"datasets": ["lctsc"], "data": [{"name": "lctsc", "folder": "/srv"}]})
    with pytest.raises(ValidationError, match="two entries called lctsc"):
        Settings.model_validate({"datasets": ["lctsc", "lctsc"]})


def test_a_name_that_hub_yaml_has_not_is_told(tmp_path: Path) -> None:
    with pytest.raises(SkrtHubError, match="names no data set 'lctcs'") as refused:
        fetch.chosen(hub(tmp_path, "lctsc"), ["lctcs"])
    assert "Did you mean: lctsc?" in refused.value.remedy
