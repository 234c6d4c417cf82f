"""A registration with its record as an RO-Crate: a zip file that archives and other programs understand.

It follows the profile Process Run Crate 0.5 (https://w3id.org/ro/wfrun/process/0.5): one run of a program, with what
went in and what came out. The images that went in are patients', so they stay where they are unless they are asked for,
and stand in it by their hashes; neither do paths of this machine go along.
"""

from __future__ import annotations

import base64
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path, PurePosixPath
from typing import Any

from skrt_workspace.engines import record
from skrt_workspace.registration.repeating import RepeatError, parameter_text, read_record

_SPECIFICATION = "https://w3id.org/ro/crate/1.1"
_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_ENGINE = "https://elastix.dev"
_METADATA = "ro-crate-metadata.json"
_IN_TWO_FILES = (".mhd", ".hdr", ".img")
_INITIAL = re.compile(r'^(\(InitialTransformParameters?FileName ")([^"]*/)?([^"/]*"\))', re.MULTILINE)
_WORDS = {
    "f": "fixed image",
    "m": "moving image",
    "fMask": "mask of the fixed image",
    "mMask": "mask of the moving image",
    "t0": "initial transform",
    "fp": "points in the fixed image",
    "mp": "points in the moving image",
}

Entity = dict[str, Any]


def crate(
    recorded: str | PathLike[str],
    file: str | PathLike[str],
    *,
    inputs: bool = False,
    author: str = "",
    licence: str = "",
) -> Path:
    """Write the record (registration.json, or the folder with it) and what belongs to it as an RO-Crate.

    Unzipped, `repeat` runs it again: with `inputs` as it is, else once the images lie where it says.

    :param file: the zip file to write.
    :param inputs: whether the images that went in go along.
    :param author: the name of whoever did it, where that shall stand in it.
    :param licence: what others may do with it: an address, or words.
    :raises RepeatError: where there is no such record, or what belongs to it is gone.
    """
    place = Path(recorded)
    place = place / record.NAME if place.is_dir() else place
    document = read_record(place)
    target = Path(file)
    partial = target.with_name(f".{target.name}.partial")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as packed:
            content = _Content(document, place.parent, inputs=inputs, author=author)
            for name, what in content.files():
                if isinstance(what, Path):
                    packed.write(what, name)
                else:
                    packed.writestr(name, what)
            packed.writestr(_METADATA, json.dumps(content.metadata(target.stem, licence), indent=1) + "\n")
        partial.replace(target)
    except FileNotFoundError as error:
        raise RepeatError(f"{error.filename} is gone, and belongs to the registration.") from None
    finally:
        partial.unlink(missing_ok=True)
    return target


class _Content:
    """What one crate holds, and what it says of it."""

    def __init__(self, document: Mapping[str, Any], folder: Path, *, inputs: bool, author: str) -> None:
        self._document, self._folder, self._inputs, self._author = document, folder, inputs, author
        self._named = {key: f"inputs/{key.strip('-')}{_ending(given['path'])}" for key, given in self._given()}

    def files(self) -> Iterator[tuple[str, Path | str]]:
        """The name in the crate of each file, and where it is or what stands in it."""
        told = {**self._document, "inputs": {
            key: {**given, "path": self._named[key]} for key, given in self._given()
        }}  # fmt: skip
        yield record.NAME, json.dumps(told, indent=1) + "\n"
        for number, parameters in enumerate(self._document["parameters"]):
            yield f"parameters.{number}.txt", parameter_text(parameters)
        for name in sorted(self._document["results"]["transforms"]):
            # The name of the transform before it: with the folder it would say whose home it was.
            yield name, _INITIAL.sub(r"\1\3", (self._folder / name).read_text(encoding="utf-8"))
        for name in self._images():
            yield name, self._folder / name
        for key, given in self._given() if self._inputs else ():
            path = self._folder / given["path"]
            if path.suffix.lower() in _IN_TWO_FILES:
                raise RepeatError(f"The input {key}, {path}, is in two files. Save it as .nii.gz or .mha first.")
            if record.sha256_of(path) != given["sha256"]:
                raise RepeatError(f"The input {key}, {path}, is not what it was when the record was written.")
            yield self._named[key], path

    def metadata(self, name: str, licence: str) -> Entity:
        """The JSON-LD that says what is what."""
        context = [f"{_SPECIFICATION}/context", {"sha256": "https://schema.org/sha256"}]
        return {"@context": context, "@graph": [*self._about(name, licence), *self._run(), *self._parts()]}

    def _given(self) -> list[tuple[str, Any]]:
        return sorted(self._document["inputs"].items())

    def _by(self, role: str) -> Entity:
        return {role: {"@id": "#author"}} if self._author else {}

    def _images(self) -> list[str]:
        found = [file for name in sorted(self._document["results"]["images"]) for file in _files(self._folder / name)]
        return [file.name for file in found]

    def _about(self, name: str, licence: str) -> Iterator[Entity]:
        yield {
            "@id": _METADATA,
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": {"@id": _SPECIFICATION},
        }
        address = licence.startswith(("http://", "https://"))
        words = licence or "No licence is given: ask whoever made this crate."
        yield {
            "@id": "./",
            "@type": "Dataset",
            "name": name,
            "description": "A registration of two images, with all that is needed to run it again.",
            "datePublished": self._document["finished"],
            "license": {"@id": licence if address else "#licence"},
            **self._by("author"),
            "conformsTo": {"@id": _PROFILE},
            "mentions": {"@id": "#run"},
            "hasPart": [{"@id": each["@id"]} for each in self._parts() if each["@type"] == "File"],
        }
        yield {
            "@id": licence if address else "#licence",
            "@type": "CreativeWork",
            "name": licence if address else "Licence",
            "description": words,
        }
        if self._author:
            yield {"@id": "#author", "@type": "Person", "name": self._author}
        yield {"@id": _PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}

    def _run(self) -> Iterator[Entity]:
        engine, machine = self._document["engine"], self._document["machine"]
        used = [f"parameters.{number}.txt" for number in range(len(self._document["parameters"]))]
        results = [*sorted(self._document["results"]["transforms"]), *self._images(), record.NAME]
        exact = "does not depend" if engine.get("exact") else "may depend"
        yield {
            "@id": "#run",
            "@type": "CreateAction",
            "name": "Registration",
            "description": f"{engine['threads'] or 'All'} threads on {machine['type']}; the result {exact} on their "
            f"number. Hash of all packages: {machine['packages_sha256']}.",
            "instrument": {"@id": _ENGINE},
            "object": [
                {"@id": name} for name in (*used, *(self._input_id(key, given) for key, given in self._given()))
            ],
            "result": [{"@id": name} for name in results],
            "endTime": self._document["finished"],
            **self._by("agent"),
        }
        yield {
            "@id": _ENGINE,
            "@type": "SoftwareApplication",
            "name": engine["name"],
            "url": _ENGINE,
            "softwareVersion": f"{engine['version']} ({engine['package']})",
        }

    def _parts(self) -> Iterator[Entity]:
        yield _file(record.NAME, "The record: skrt_workspace.registration.repeat runs it again.")
        for number in range(len(self._document["parameters"])):
            yield _file(f"parameters.{number}.txt", f"The parameters of step {number + 1}, as they were used.")
        for number, name in enumerate(sorted(self._document["results"]["transforms"])):
            yield _file(name, f"The transform of step {number + 1}.")
        for name in self._images():
            yield _file(name, "The moving image, as the transform brings it to the fixed one.")
        for key, given in self._given():
            told = {"@id": self._input_id(key, given), "sha256": given["sha256"]}
            name = _WORDS.get(key.strip("-").rstrip("0123456789"), key)
            if self._inputs:
                yield {**_file(self._named[key], name), **told}
            else:
                words = f"The {name}: not in this crate, known by its SHA-256 hash."
                yield {"@type": "CreativeWork", "name": name, "description": words, **told}

    def _input_id(self, key: str, given: Mapping[str, str]) -> str:
        if self._inputs:
            return self._named[key]
        digest = base64.urlsafe_b64encode(bytes.fromhex(given["sha256"])).decode().rstrip("=")
        return f"ni:///sha-256;{digest}"  # RFC 6920: a name by what something is, wherever it lies


def _file(name: str, words: str) -> Entity:
    kinds = {".json": "application/json", ".txt": "text/plain"}
    kind = kinds.get(PurePosixPath(name).suffix, "application/octet-stream")
    return {
        "@id": name,
        "@type": "File",
        "name": PurePosixPath(name).name,
        "description": words,
        "encodingFormat": kind,
    }


def _files(image: Path) -> Iterator[Path]:
    """An image's files: its voxels may lie beside its head."""
    yield image
    if image.suffix == ".mhd":
        yield from (beside for ending in (".raw", ".zraw") if (beside := image.with_suffix(ending)).exists())


def _ending(path: str) -> str:
    return ".nii.gz" if path.lower().endswith(".nii.gz") else PurePosixPath(path).suffix
