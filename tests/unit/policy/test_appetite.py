"""`up` tells which notebooks of a collection will not fit in memory."""

from __future__ import annotations

import pytest

from skrt_hub.policy import appetite
from skrt_hub.settings.model import Settings


@pytest.mark.parametrize(
    ("memory", "told"),
    [("0.6 GB", ["synthetic_dicom_dataset", "image_registration_checks"]), ("1 GB", ["image_registration_checks"])],
)
def test_notebooks_that_take_more_than_a_server_may_are_named(memory: str, told: list[str]) -> None:
    settings = Settings.model_validate({"material": ["scikit-rt-by-examples"], "limits": {"memory": memory}})
    (line,) = appetite.notes(settings)
    assert [name for name in ("synthetic_dicom_dataset", "image_registration_checks") if name in line] == told
    assert "limits: {memory: 2 GB}" in line


def test_nothing_is_said_where_all_fit_or_nothing_is_named() -> None:
    assert not appetite.notes(Settings())
    assert not appetite.notes(Settings.model_validate({"material": ["scikit-rt-by-examples"]})), "the usual limit"


def test_a_profile_with_enough_memory_is_enough() -> None:
    large = {"name": "Large", "limits": {"memory": "5 GB"}}
    document = {"material": ["scikit-rt-by-examples"], "limits": {"memory": "1 GB"}, "profiles": [{"name": "Usual"}]}
    assert appetite.notes(Settings.model_validate(document))
    assert not appetite.notes(Settings.model_validate(document | {"profiles": [{"name": "Usual"}, large]}))
