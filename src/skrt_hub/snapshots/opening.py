"""A place from what a person typed: a folder, or `s3://bucket/folder`; encrypted or not."""

from __future__ import annotations

import json
from pathlib import Path

from skrt_hub.errors import CopyError
from skrt_hub.snapshots.repository import FORMAT, MARK, PLAIN_MARK, Repository, open_folder
from skrt_hub.snapshots.saves_key import SavesKey, sealed_mark


def open_repository(
    text: str,
    *,
    create: bool = False,
    credentials: Path | None = None,
    key: SavesKey | None = None,
    named: bool = True,
) -> Repository:
    """The place `text` names. With `create`, an empty one is made ready, encrypted where there is a `key`.

    `named`: a person named this place just now; else one with a key is believed only encrypted, as whoever can write
    there could put other copies in the place of those that they cannot read. Raises CopyError for that, and where an
    encrypted place has another key, or copies would come unencrypted in spite of a key.
    """
    made = PLAIN_MARK if key is None else sealed_mark(key)
    place: Repository
    if text.startswith("s3://"):
        from skrt_hub.snapshots import s3  # noqa: PLC0415 - its library is only loaded where it is used

        place = s3.open_bucket(text, create=create, credentials=credentials, made=made)
    elif "://" in text:
        raise CopyError(f"{text} cannot be used for saved copies.", remedy="Name a folder, or s3://bucket/folder.")
    else:
        place = open_folder(Path(text).expanduser().absolute(), create=create, made=made)
    mark = json.loads(place.get(MARK))
    if mark["format"] == FORMAT:
        if key is not None and (create or not named):
            raise CopyError(
                f"The copies in {place.label} are not encrypted, and hub.yaml names a key (saves.key).",
                why="" if create else "Where they were encrypted before, somebody has put others in their place.",
                remedy="Name a new place for encrypted copies, or leave the key out. Both can read these copies."
                if create
                else "If you know these copies, name their place: --from PLACE.",
            )
        return place
    from skrt_hub.snapshots import sealed  # noqa: PLC0415 - as above

    return sealed.SealedRepository(place, _fitting(place, str(mark.get("key", "")), key))


def canonical(text: str) -> str:
    """The same place by one name, to remember it by."""
    return text.rstrip("/") if "://" in text else str(Path(text).expanduser().absolute())


def _fitting(place: Repository, name: str, key: SavesKey | None) -> SavesKey:
    if key is None:
        raise CopyError(
            f"The copies in {place.label} are encrypted, and hub.yaml names no key.",
            remedy="Name the file with the key: saves: {key: FILE}. Without it nobody can read them.",
        )
    if key.name != name:
        raise CopyError(
            f"The copies in {place.label} were encrypted with another key ({name}) than hub.yaml's ({key.name}).",
            remedy="Name that key's file in hub.yaml: saves: {key: FILE}.",
        )
    return key
