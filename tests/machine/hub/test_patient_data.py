"""Files that tell who a patient is do not leave the organiser's hands without a word; a participant is told, too."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skrt_hub.environment import Environment
from tests.support.hubs import Hub, Person

REMOVED, NAMED = b"CS\x04\x00YES ", b"CS\x04\x00NO  "


def a_slice(environment: Environment) -> bytes:
    """A slice of the phantom, which says that names were taken out."""
    study = environment.folder / "share" / "skrt-workspace" / "phantom" / "patients" / "Phantom-1"
    content = next(study.glob("*/CT/*/001.dcm")).read_bytes()
    assert content.count(REMOVED) == 1
    return content


def upload(person: Person, name: str, content: bytes) -> None:
    text = base64.b64encode(content).decode("ascii")
    person.api("PUT", f"api/contents/{name}", {"type": "file", "format": "base64", "content": text})


def told(person: Person) -> list[str]:
    notices: list[dict[str, Any]] = person.api("GET", "skrt/notices")["notices"]
    return [notice["text"] for notice in notices if notice["kind"] == "patients"]


@pytest.mark.long
def test_names_do_not_leave_by_themselves(
    make_hub: Callable[..., Hub], environment: Environment, tmp_path: Path
) -> None:
    clean, course = tmp_path / "clean.dcm", tmp_path / "course"
    course.mkdir()
    clean.write_bytes(a_slice(environment))
    (course / "named.dcm").write_bytes(a_slice(environment).replace(REMOVED, NAMED))
    hub = make_hub(material=[{"folder": str(course)}])
    done = hub.run("up")
    assert "The material course would tell who patients are" in done.stderr.replace("\n", " ")
    shown = hub.state / "material" / "handed-out"

    refused = json.loads(hub.run("hand-out", str(course / "named.dcm"), "--json", code=12).stdout)
    assert "Patient's Name, in named.dcm" in refused["why"]
    assert "patient_data: allowed" in refused["remedy"]
    assert not shown.exists(), "nothing was handed out"
    hub.run("hand-out", str(clean), code=1)  # handed out; the course, which is still refused, is told again

    anna = hub.at_work("anna")
    home = hub.state / "homes" / "anna"
    assert (home / "hand-out" / "clean.dcm").exists()
    assert not (home / "course").exists()
    upload(anna, "mine.dcm", clean.read_bytes())
    assert told(anna) == []
    upload(anna, "theirs.dcm", (course / "named.dcm").read_bytes())
    (text,) = told(anna)
    assert "theirs.dcm" in text

    hub.configure(material=[{"folder": str(course)}], patient_data="allowed")
    hub.run("up")
    hub.run("hand-out", str(course / "named.dcm"))
    assert wait_for(home / "course" / "named.dcm")
    assert wait_for(home / "hand-out" / "named.dcm")


def wait_for(file: Path, deadline: float = 30) -> bool:
    end = time.monotonic() + deadline
    while not file.exists() and time.monotonic() < end:
        time.sleep(0.5)
    return file.exists()
