"""The lock's object in an S3 storage: what a storage that is not of one piece may answer."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from skrt_hub.snapshots import s3

FREE, HELD = b'{"holders": {}}', b'{"holders": {"a": {}}}'


def tag_of(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


def lock_object(answers: list[tuple[bytes, str]], monkeypatch: pytest.MonkeyPatch) -> tuple[s3._LockObject, list[int]]:
    """A lock's object whose storage gives these answers, the last one again and again; and how many were asked for."""
    asked: list[int] = []

    def answer(_: Any) -> tuple[bytes, str, float]:
        asked.append(1)
        return (*answers[min(len(asked), len(answers)) - 1], 1.0)

    monkeypatch.setattr(s3._LockObject, "_read", answer)
    monkeypatch.setattr(s3, "_BETWEEN_READS", 0)
    return s3._LockObject(s3.BucketRepository(None, "s3://class/copies")), asked


def test_an_older_content_with_a_newer_tag_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    lock, asked = lock_object([(FREE, tag_of(HELD)), (HELD, tag_of(HELD))], monkeypatch)
    assert lock.read() == (HELD, tag_of(HELD), 1.0)
    assert len(asked) == 2


@pytest.mark.parametrize("tag", ['"' + "0" * 32 + '"', '"ab-2"', "W/another"])
def test_tags_that_are_no_digests_are_taken_as_they_are(tag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lock, asked = lock_object([(FREE, tag)], monkeypatch)
    assert lock.read() == (FREE, tag, 1.0)
    before = len(asked)
    assert lock.read() == (FREE, tag, 1.0)
    assert len(asked) == before + 1  # found out once
