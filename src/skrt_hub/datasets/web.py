"""Sets at an address of the web, and in records at Zenodo and Figshare that a DOI names."""

from __future__ import annotations

import http.client
import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from skrt_hub.datasets.pieces import PUBLISHER, Piece, Stream, safe
from skrt_hub.errors import NetworkError, SettingsError
from skrt_hub.version import __version__

_TIMEOUT = 60.0
_CHUNK = 2**20
_ZENODO, _FIGSHARE = "https://zenodo.org/api", "https://api.figshare.com/v2"
_REMEDY = "Check the address and the network, then type the same command again: it goes on where it was."


class _OfTheWeb:
    """What is read from addresses."""

    vouches = PUBLISHER

    def reading(self, piece: Piece, start: int, state: str) -> AbstractContextManager[Stream]:
        return from_web(piece, start, state)


class WebFile(_OfTheWeb):
    """One file at an address."""

    def __init__(self, url: str, digest: str = "") -> None:
        self._url = url
        self._digest = digest

    def pieces(self) -> list[Piece]:
        with _asking(self._url, {}, "HEAD") as answer:
            size = int(answer.headers.get("Content-Length") or -1)
        name = unquote(PurePosixPath(urlsplit(self._url).path).name)
        return safe([Piece(name, self._url, size, self._digest)], self._url)


class Record(_OfTheWeb):
    """A record at Zenodo or Figshare: its files, with the hashes that are published there."""

    def __init__(self, doi: str, *, zenodo: str = _ZENODO, figshare: str = _FIGSHARE) -> None:
        self._doi = doi.removeprefix("https://doi.org/").removeprefix("doi:")
        self._zenodo, self._figshare = zenodo, figshare
        self.licence = self.citation = ""

    def pieces(self) -> list[Piece]:
        at_zenodo = re.search(r"zenodo\.(\d+)$", self._doi)
        at_figshare = re.search(r"figshare\.(\d+)(?:\.v(\d+))?$", self._doi)
        if at_zenodo:
            found = self._zenodo_files(at_zenodo[1])
        elif at_figshare:
            found = self._figshare_files(at_figshare[1], at_figshare[2])
        else:
            raise SettingsError(
                f"datasets: the files of {self._doi} cannot be found by its DOI.",
                why="That is known of records at Zenodo and Figshare (10.5281/zenodo.N, 10.6084/m9.figshare.N).",
                remedy="Open the DOI in a browser, and write the file's own address as `url`.",
            )
        return safe(found, f"The record {self._doi}")

    def _zenodo_files(self, number: str) -> list[Piece]:
        record = _document(f"{self._zenodo}/records/{number}")
        about = record.get("metadata") or {}
        self.licence = str((about.get("license") or {}).get("id", ""))
        self._cite([str(who.get("name", "")) for who in about.get("creators") or ()], about)
        return [
            Piece(file["key"], file["links"]["self"], int(file.get("size", -1)), str(file.get("checksum") or ""))
            for file in record.get("files") or ()
        ]

    def _figshare_files(self, number: str, version: str | None) -> list[Piece]:
        record = _document(f"{self._figshare}/articles/{number}{f'/versions/{version}' if version else ''}")
        self.licence = str((record.get("license") or {}).get("name", ""))
        self._cite([str(who.get("full_name", "")) for who in record.get("authors") or ()], record)
        return [
            Piece(
                file["name"],
                file["download_url"],
                int(file.get("size", -1)),
                f"md5:{digest}" if (digest := file.get("computed_md5") or file.get("supplied_md5")) else "",
            )
            for file in record.get("files") or ()
        ]

    def _cite(self, people: list[str], about: Any) -> None:
        who = "; ".join(filter(None, people))
        self.citation = ". ".join(filter(None, (who, str(about.get("title", "")), f"https://doi.org/{self._doi}")))


@contextmanager
def from_web(piece: Piece, start: int, state: str) -> Iterator[Stream]:
    """A file of the web from `start` on; from its beginning where the server cannot, or has another one by now."""
    headers = {"Range": f"bytes={start}-", **({"If-Range": state} if state else {})} if start else {}
    with _asking(piece.place, headers) as answer:
        tag = str(answer.headers.get("ETag") or answer.headers.get("Last-Modified") or "")
        yield Stream(start if answer.status == http.HTTPStatus.PARTIAL_CONTENT else 0, _chunks(answer, piece), tag)


def _chunks(answer: Any, piece: Piece) -> Iterator[bytes]:
    try:
        while chunk := answer.read(_CHUNK):
            yield chunk
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(piece.place, str(error)) from None


def _document(url: str) -> dict[str, Any]:
    with _asking(url, {"Accept": "application/json"}) as answer:
        try:
            found = json.loads(answer.read(20 * 10**6))
        except (OSError, ValueError) as error:
            raise _unreachable(url, str(error)) from None
    return found if isinstance(found, dict) else {}


@contextmanager
def _asking(url: str, headers: dict[str, str], method: str = "GET") -> Iterator[Any]:
    request = urllib.request.Request(url, headers={"User-Agent": f"skrt-hub/{__version__}", **headers}, method=method)  # noqa: S310 - http and https alone (Dataset)
    try:
        answer = urllib.request.urlopen(request, timeout=_TIMEOUT)  # noqa: S310
    except urllib.error.HTTPError as error:
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or "Range" not in headers:
            raise _unreachable(url, f"The server said: {error.code} {error.reason}.") from None
        whole = {name: value for name, value in headers.items() if name not in ("Range", "If-Range")}
        with _asking(url, whole, method) as answer:
            yield answer
        return
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _unreachable(url, str(getattr(error, "reason", error))) from None
    with answer:
        yield answer


def _unreachable(url: str, why: str) -> NetworkError:
    return NetworkError(f"{url} could not be read.", why=why, remedy=_REMEDY)
