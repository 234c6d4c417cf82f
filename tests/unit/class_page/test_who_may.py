"""Who may do what on the class's page: asked of the real pages, over HTTP, with each role and every order."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from html import unescape
from pathlib import Path

import pytest
from tornado.httpclient import HTTPResponse

from skrt_hub.class_page.course_handlers import LARGEST_FILES
from skrt_hub.class_page.verbs import ClassVerbs
from skrt_hub.login.organisers import HELPER, ROLE, organises, role_of
from skrt_hub.policy import class_page
from skrt_hub.report import Message
from tests.support.class_page import ACCOUNTS, ODD, PNG, Ask, Recorder, asked, key

ON_ONE = [(action, "anna") for action in class_page.ON_ONE]
ON_ALL = [(action, "") for action in class_page.ON_ALL]
ORDERS = [*ON_ONE, *ON_ALL]
Files = dict[str, bytes] | list[tuple[str, bytes]]
ON_COURSE = [action for action in class_page.ON_COURSE if action != "hand-out"]


def order(action: str, name: str = "", text: str = "hello") -> Callable[[Ask], Awaitable[int]]:
    async def questions(ask: Ask) -> int:
        headers, xsrf = await key(ask)
        body = f"_xsrf={xsrf}&action={action}&name={name}&text={text}"
        return (await ask("do", method="POST", headers=headers, body=body)).code

    return questions


@pytest.mark.parametrize(("action", "name"), ORDERS)
def test_an_organiser_does_everything(action: str, name: str) -> None:
    hub = Recorder()
    assert asked("maria", hub, order(action, name)) in (200, 303)
    assert hub.done


@pytest.mark.parametrize(("action", "name"), ORDERS)
def test_a_helper_restarts_servers_and_does_nothing_else(
    action: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    hub = Recorder()
    with caplog.at_level(logging.INFO, logger="class"):
        code = asked("hans", hub, order(action, name))
    if action == "restart":
        assert (code, hub.done) == (303, ["restart_server"])
        assert "hans from 127.0.0.1: restart anna: done" in caplog.text
    else:
        assert (code, hub.done) == (403, [])
        assert f"hans from 127.0.0.1: {action} {name or 'everybody'}: refused" in caplog.text


def test_a_helper_sees_the_class_and_no_button_that_would_not_work() -> None:
    async def questions(ask: Ask) -> list[str]:
        return [(await ask(path)).body.decode() for path in ("", "class.csv", "person?name=anna")]

    everybody, table, person = asked("hans", Recorder(), questions)
    assert "anna" in everybody and "anna" in table
    assert 'value="restart"' in person
    for action in {action for action, _ in ORDERS} - {"restart"}:
        assert f'value="{action}"' not in everybody + person


def test_nobody_restarts_an_organisers_server() -> None:
    for name in ("hans", "maria"):
        hub = Recorder()
        assert asked(name, hub, order("restart", "maria")) == 409
        assert hub.done == []


@pytest.mark.parametrize("name", ["anna", "harm", "nobody"])
def test_a_participant_and_a_helper_who_was_disabled_get_nothing(name: str) -> None:
    async def questions(ask: Ask) -> set[int]:
        orders = [await ask("do", method="POST", body=f"action={action}&name={whom}") for action, whom in ORDERS]
        pages = [await ask(path) for path in ("", "live", "class.csv", "person?name=anna", "do")]
        return {answer.code for answer in (*orders, *pages)}

    hub = Recorder()
    assert asked(name, hub, questions) == {403}
    assert hub.done == []


def test_the_roles_by_the_accounts() -> None:
    assert [role_of(entry) for entry in ACCOUNTS.values()] == ["organiser", HELPER, "", ""]
    assert role_of({"role": "helper", "admitted": {"as": "organiser"}}) == "organiser"
    assert not organises({"role": "helper"})
    assert class_page.organisers_role()["name"] == ROLE
    assert class_page.may(HELPER) == {"see", "restart"} < class_page.may("organiser")
    assert not class_page.may("") and not class_page.may("participant")


# What participants show


def test_an_organiser_looks_at_what_is_shown_and_nothing_in_it_runs(caplog: pytest.LogCaptureFixture) -> None:
    async def questions(ask: Ask) -> list[HTTPResponse]:
        return [await ask("shown?name=anna"), await ask("shown?name=anna&path=a.ipynb"), await ask("shown?name=x")]

    with caplog.at_level(logging.INFO, logger="class"):
        listed, notebook, nobody = asked("maria", Recorder(), questions)
    assert b"shown?name=anna&amp;path=a%22%26name%3Dbob.ipynb" in listed.body
    assert "maria from 127.0.0.1: looked at the list of notebooks of anna: done" in caplog.text
    assert "maria from 127.0.0.1: looked at the notebooks of anna 'a.ipynb': done" in caplog.text
    assert b"<script>alert" not in notebook.body and b"&lt;script&gt;alert(1)" in notebook.body
    assert f'<img src="data:image/png;base64,{PNG}"'.encode() in notebook.body
    policy = notebook.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "img-src 'self' data:" in policy
    assert "data:" not in listed.headers["Content-Security-Policy"]
    assert nobody.code == 404


def test_a_name_that_is_no_text_is_shown_and_leads_to_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []

    def notebook(_: object, name: str, path: str) -> tuple[()]:
        looked.append((name, path))
        return ()

    monkeypatch.setattr(ClassVerbs, "notebook", notebook)

    async def questions(ask: Ask) -> tuple[HTTPResponse, HTTPResponse]:
        listed = await ask("shown?name=anna")
        address = re.findall(r'href="[^"]*/(shown[^"]+)"', listed.body.decode())[-1]
        return listed, await ask(unescape(address))

    listed, notebook_page = asked("maria", Recorder(), questions)
    assert (listed.code, notebook_page.code) == (200, 200)
    assert "caf\\xe9\n\\u202e \\x1b.ipynb" in listed.body.decode()
    assert looked == [("anna", ODD)]


@pytest.mark.parametrize("name", ["hans", "anna", "harm"])
def test_nobody_else_looks(name: str) -> None:
    async def questions(ask: Ask) -> set[int]:
        return {(await ask(path)).code for path in ("shown?name=anna", "shown?name=anna&path=a.ipynb")}

    hub = Recorder()
    assert asked(name, hub, questions) == {403}
    assert hub.done == []


# The course's files


def form(xsrf: str, files: Files, folder: str = "week-1") -> tuple[dict[str, str], bytes]:
    """A form as a browser sends it."""
    parts = [f'name="_xsrf"\r\n\r\n{xsrf}'.encode(), f'name="folder"\r\n\r\n{folder}'.encode()]
    parts += [
        f'name="files"; filename="{name}"\r\n\r\n'.encode() + content
        for name, content in (files.items() if isinstance(files, dict) else files)
    ]
    body = b"".join(b"--here\r\nContent-Disposition: form-data; " + part + b"\r\n" for part in parts)
    return {"Content-Type": "multipart/form-data; boundary=here"}, body + b"--here--\r\n"


def hand_out(files: Files, *, with_key: bool = True) -> Callable[[Ask], Awaitable[HTTPResponse]]:
    async def questions(ask: Ask) -> HTTPResponse:
        headers, xsrf = await key(ask)
        kind, body = form(xsrf if with_key else "guessed", files)
        answer = await ask("hand-out", method="POST", headers={**headers, **kind}, body=body)
        return await ended(ask) if answer.code == 303 else answer

    return questions


async def ended(ask: Ask) -> HTTPResponse:
    """The page when no work is done any more."""
    while True:
        page = await ask("course")
        if b"is being done" not in page.body:
            return page
        await asyncio.sleep(0.02)


def have_done(action: str) -> Callable[[Ask], Awaitable[HTTPResponse]]:
    async def questions(ask: Ask) -> HTTPResponse:
        headers, xsrf = await key(ask)
        body = f"_xsrf={xsrf}&action={action}&text=course/a.ipynb&group=A"
        answer = await ask("course-do", method="POST", headers=headers, body=body)
        return await ended(ask) if answer.code == 303 else answer

    return questions


@pytest.mark.parametrize("action", ON_COURSE)
def test_an_organiser_has_each_order_about_files_done_and_sees_its_end(
    action: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hub = Recorder(tmp_path)
    with caplog.at_level(logging.INFO, logger="class"):
        page = asked("maria", hub, have_done(action))
    assert b"It was done." in page.body
    assert len(hub.done) == 1
    assert f"maria from 127.0.0.1: {action} " in caplog.text and ": done" in caplog.text


@pytest.mark.parametrize("name", ["hans", "anna"])
def test_nobody_else_has_anything_done_with_files(name: str, tmp_path: Path) -> None:
    async def questions(ask: Ask) -> set[int]:
        orders = [await ask("course-do", method="POST", body=f"action={action}") for action in ON_COURSE]
        kind, body = form("guessed", {"a.txt": b"1"})
        orders.append(await ask("hand-out", method="POST", headers=kind, body=body))
        pages = [await ask(path) for path in ("course", "course-live", "collected.zip", "hand-out")]
        if name == "hans":  # whose page has a key
            headers, xsrf = await key(ask)
            for action in ON_COURSE:
                body = f"_xsrf={xsrf}&action={action}".encode()
                orders.append(await ask("course-do", method="POST", headers=headers, body=body))
            kind, body = form(xsrf, {"a.txt": b"1"})
            orders.append(await ask("hand-out", method="POST", headers={**headers, **kind}, body=body))
        return {answer.code for answer in (*orders, *pages)}

    hub = Recorder(tmp_path)
    assert asked(name, hub, questions) == {403}
    assert hub.done == [] and not list(tmp_path.iterdir())


def test_files_are_handed_out_and_nothing_of_them_stays_behind(tmp_path: Path) -> None:
    hub = Recorder(tmp_path)
    page = asked("maria", hub, hand_out({"C:\\\\fakepath\\\\Übung 1.ipynb": b"1", "b.txt": b"2" * 3_000_000}))
    assert hub.done == ["hand_out"] and b"It was done." in page.body
    assert not list((tmp_path / "class-page").iterdir())


def test_a_folder_that_is_chosen_keeps_its_folders_and_leaves_hidden_files_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, given = Recorder(tmp_path), []

    def note(files: list[Path], folder: str) -> Message:
        given.extend(str(path.relative_to(files[0].parent)) for path in sorted(files[0].rglob("*")) if path.is_file())
        return Message(("It was done.",))

    monkeypatch.setattr(hub, "hand_out", note, raising=False)
    sent = {"week/a.txt": b"1", "week/in/a.txt": b"2", "week/.DS_Store": b"3", "week/.git/config": b"4"}
    assert b"It was done." in asked("maria", hub, hand_out(sent)).body
    assert given == ["week/a.txt", "week/in/a.txt"]


@pytest.mark.parametrize("name", ["a/../../b", "/etc/x", "a//b", "a/" * 30 + "b"])
def test_a_path_that_leads_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    hub = Recorder(tmp_path)
    assert (asked("maria", hub, hand_out({name: b"1"})).code, hub.done) == (409, [])


@pytest.mark.parametrize("name", ["..", ".bashrc", "a/..", "a\u202etxt.exe", "x" * 300])
def test_names_that_are_none_are_refused(name: str, tmp_path: Path) -> None:
    hub = Recorder(tmp_path)
    answer = asked("maria", hub, hand_out({name: b"1"}))
    assert (answer.code, hub.done) == (409, [])
    assert b"cannot be the name" in answer.body


def test_without_the_pages_key_or_a_file_nothing_is_handed_out(tmp_path: Path) -> None:
    hub = Recorder(tmp_path)
    assert asked("maria", hub, hand_out({"a.txt": b"1"}, with_key=False)).code == 403
    assert asked("maria", hub, hand_out({})).code == 409
    assert asked("maria", hub, hand_out([("x.txt", b"1"), ("x.txt", b"2")])).code == 409
    assert hub.done == []


def test_too_large_files_are_refused_and_a_strangers_are_not_even_read(tmp_path: Path) -> None:
    hub = Recorder(tmp_path)
    large = {"a.bin": bytes(LARGEST_FILES + 1)}
    assert asked("maria", hub, hand_out(large)).code == 413
    answer = asked("anna", hub, lambda ask: ask("hand-out", method="POST", body=bytes(LARGEST_FILES * 2)))
    assert answer.code in (403, 599)  # refused, and the connection closed while it is being sent
    assert hub.done == []
