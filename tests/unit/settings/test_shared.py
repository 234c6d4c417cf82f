"""What hub.yaml's `shared` can say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from skrt_hub.settings.model import Settings


def shared(*folders: dict[str, Any], **more: Any) -> Settings:
    return Settings.model_validate({"shared": list(folders), **more})


def test_a_folder_needs_no_more_than_a_name() -> None:
    (folder,) = shared({"name": "project"}).shared
    assert (folder.groups, folder.write, folder.size) == ((), True, 0)


@pytest.mark.parametrize(
    ("folders", "more", "words"),
    [
        ([{"name": "a1"}, {"name": "a1"}], {}, "shared has two entries called a1"),
        (
            [{"name": "ct"}],
            {"data": [{"name": "ct", "folder": "/srv"}]},
            "shared and data both have an entry called",
        ),
        (
            [{"name": "course"}],
            {"material": [{"name": "course", "folder": "/srv"}]},
            "shared and material both have an entry called course",
        ),
        ([{"name": "project", "groups": [" "]}], {}, "shared project: one of its groups has no name"),
        ([{"name": "../etc"}], {}, "pattern"),
        ([{"name": "a/b"}], {}, "pattern"),
    ],
)
def test_a_clash_or_an_impossible_name_is_refused(folders: Any, more: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        shared(*folders, **more)
