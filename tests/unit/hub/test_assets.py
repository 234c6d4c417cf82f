"""Files for browsers: which requests are ours, what is sent, and that nothing else can be reached."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from skrt_hub.assets.server import closed
from skrt_hub.assets.store import Store, find, make


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/user/anna/static/lab/main.1a2b.js", ("lab", "main.1a2b.js")),
        ("/user/o%27neil/static/lab/5786.2d.js", ("lab", "5786.2d.js")),
        ("/user/anna/lab/extensions/@a/b-c/static/remoteEntry.1.js", ("extensions", "@a/b-c/static/remoteEntry.1.js")),
        ("/hub/static/css/style.min.css", ("hub", "css/style.min.css")),
        ("/user/anna/static/favicon.ico", None),
        ("/user/anna/api/contents/a.js", None),
        ("/user/anna/static/lab/../../secret", None),
        ("/user/anna/static/lab/.hidden", None),
        ("/user/anna/static/lab//etc/passwd", None),
        ("/hub/static/..", None),
        ("/hub/static/a/../../../secrets/cookie", None),
        ("/hub/static/", None),
        ("/hub/login", None),
    ],
)
def test_only_the_pages_files_are_found(path: str, expected: tuple[str, str] | None) -> None:
    assert find(path) == expected


@pytest.mark.parametrize(
    ("accepted", "words"),
    [("de-AT,en;q=0.5", "Der Hub ist zurzeit"), ("fr,en;q=0.5", "closed for now"), ("", "closed")],
)
def test_the_page_of_a_closed_hub_is_in_the_browsers_language_and_marked_for_open_pages(
    accepted: str, words: str
) -> None:
    answer = closed(accepted)
    assert words in str(answer.text)
    assert answer.headers["Skrt-Hub-Closed"] == "yes"


def test_a_script_is_compressed_and_a_picture_is_not() -> None:
    script = make("a.js", b"var a = 1;\n" * 1000)
    assert script.compressed is not None
    assert gzip.decompress(script.compressed) == script.body
    assert script.kind.endswith("javascript; charset=utf-8")
    assert make("a.png", b"\x89PNG" * 1000).compressed is None
    assert make("a.js", b"short").compressed is None


def test_the_tag_changes_with_the_content() -> None:
    assert make("a.js", b"1").tag == make("b.js", b"1").tag
    assert make("a.js", b"1").tag != make("a.js", b"2").tag


def test_a_store_gives_what_lies_below_its_roots(tmp_path: Path) -> None:
    (tmp_path / "lab" / "sub").mkdir(parents=True)
    (tmp_path / "lab" / "sub" / "a.js").write_text("here")
    store = Store({"lab": tmp_path / "lab"})
    found = store.get("lab", "sub/a.js")
    assert found is not None
    assert found.body == b"here"
    assert store.get("lab", "sub/a.js") is found  # read once
    assert store.get("lab", "sub") is None
    assert store.get("lab", "none.js") is None
    assert store.get("other", "a.js") is None
