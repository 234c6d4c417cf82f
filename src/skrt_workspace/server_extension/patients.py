"""Tells a participant that a file they uploaded says who a patient is, where the hub is not meant for that."""

from __future__ import annotations

import os
from pathlib import Path

from skrt_workspace.home import notices
from skrt_workspace.home.patients import VARIABLE, names_a_patient_in

_NAMED = 3
_MOST = 200


def tell_of_patients(home: Path, path: str, file: Path) -> bool:
    """Look at one file that was uploaded as `path`, and leave a notice that names it with those before; whether so."""
    if os.environ.get(VARIABLE) == "allowed":
        return False
    try:
        if not names_a_patient_in(file):
            return False
        folder = home / notices.IN_HOME
        earlier = notices.read_notices(folder, notices.PATIENTS)
        named = [str(one) for notice in earlier for one in notice.facts.get("files", ())]
        files = [*dict.fromkeys((*named, path))][-_MOST:]
        notices.write_notice(folder, notices.PATIENTS, words(files), facts={"files": files}, replaces=earlier)
    except OSError:
        return False  # gone by now, or no room for a notice
    return True


def words(files: list[str]) -> str:
    """What the participant reads."""
    more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
    count = "1 file" if len(files) == 1 else f"{len(files)} files"
    return (
        f"You uploaded {count} that tell who a patient is.\n"
        f"{', '.join(files[:_NAMED])}{more}: the patient's name or number stands in the file.\n"
        "This hub is not meant for that, unless whoever runs it told you so. Delete the files here, and upload a copy "
        "without names. Whoever runs the hub can make one: skrt-hub data clean FOLDER --to NEW. In a notebook, "
        "`from skrt_workspace.data import privacy; privacy.survey('FOLDER')` says what else is in a folder."
    )
