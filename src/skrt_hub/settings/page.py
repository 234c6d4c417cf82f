"""What the log-in page looks like."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import Field, field_validator

from skrt_hub.settings.section import Section

_LEAST_CONTRAST = 4.5
"""Of white words on a button, for people who see little: https://www.w3.org/TR/WCAG22/#contrast-minimum"""


class Page(Section):
    """What the log-in page looks like, and what JupyterLab opens with."""

    title: str = Field("scikit-rt hub", max_length=80, description="The name at the top of the log-in page.")
    text: str = Field("", max_length=600, description="A short text for those who log in.")
    welcome: str = Field(
        "",
        max_length=4000,
        description="The organiser's text on the page that JupyterLab opens with, in Markdown; from the next start of "
        "a server on.",
    )
    logo: Path | None = Field(None, description="A picture: .svg, .png or .jpg; on Kubernetes at most 300 kB.")
    colour: str = Field(
        "", description="The colour of buttons and links, such as #0b5394; dark enough for white words."
    )
    languages: dict[str, Path] = Field(
        default_factory=dict,
        description="More languages than English and German: for each a JSON file with the same keys as "
        "src/skrt_hub/login/words/en.json.",
    )

    @field_validator("colour")
    @classmethod
    def _readable(cls, value: str) -> str:
        if not value:
            return value
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
            raise ValueError("write a colour as # and six digits, such as #0b5394")
        contrast = 1.05 / (_luminance(value) + 0.05)
        if contrast < _LEAST_CONTRAST:
            raise ValueError(f"white words cannot be read on {value} (contrast {contrast:.1f}); choose a darker colour")
        return value

    @field_validator("logo")
    @classmethod
    def _a_picture(cls, value: Path | None) -> Path | None:
        if value is not None and value.suffix.lower() not in (".svg", ".png", ".jpg", ".jpeg"):
            raise ValueError("take a picture that ends in .svg, .png or .jpg")
        return value


def _luminance(colour: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2)."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
