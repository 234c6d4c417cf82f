"""New identifiers, names and dates from a secret key: the same for the same patient, and of no use without the key."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date, timedelta
from typing import Any

_WEEKS = 104
_UID_BYTES = 15  # 2.25. and 36 digits: 41 of the 64 characters that an identifier may have


class Pseudonyms:
    """What a key makes of identifiers, patients and dates."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:
            raise ValueError("The key needs 16 bytes or more.")
        self._key = key

    def _digest(self, kind: str, text: str) -> bytes:
        return hmac.new(self._key, f"{kind}\0{text}".encode(), hashlib.sha256).digest()

    def uid(self, uid: str) -> str:
        """Another unique identifier (PS3.5 annex B.2)."""
        return f"2.25.{int.from_bytes(self._digest('uid', uid)[:_UID_BYTES], 'big')}"

    def patient(self, header: Any) -> str:
        """The new name and number of the patient of a data set."""
        return f"P{self._digest('patient', _who(header)).hex()[:10].upper()}"

    def days(self, header: Any) -> timedelta:
        """How far the patient's dates move back: whole weeks, so that a Monday stays a Monday."""
        weeks = 1 + int.from_bytes(self._digest("days", _who(header))[:4], "big") % _WEEKS
        return timedelta(weeks=-weeks)


def _who(header: Any) -> str:
    """What tells patients apart; without any number or name, studies are."""
    number, issuer = str(header.get("PatientID") or "").strip(), str(header.get("IssuerOfPatientID") or "").strip()
    if number:
        return f"{number}\0{issuer}"
    return str(header.get("PatientName") or "").strip() or str(header.get("StudyInstanceUID") or "")


def shifted(value: str, by: timedelta) -> str:
    """A date (YYYYMMDD) or a time stamp that begins with one, moved; nothing where it is none."""
    text = str(value).strip().replace(".", "", 0)
    try:
        moved = date(int(text[:4]), int(text[4:6]), int(text[6:8])) + by
    except (ValueError, OverflowError):
        return ""
    rest = text[8:]
    return f"{moved:%Y%m%d}{rest}" if all(mark in "0123456789.+-" for mark in rest) else f"{moved:%Y%m%d}"
