"""The hub.yaml that `init` writes: every key with its default and its description, all of it optional."""

from __future__ import annotations

import textwrap
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from skrt_hub.settings.model import Settings
from skrt_hub.settings.schema import MODELINE
from skrt_hub.settings.units import write_duration

_HEAD = f"""\
{MODELINE}
# hub.yaml: describes one hub, for one machine and for Kubernetes alike.
# Every line is optional: what stands here, commented out, is the default. Remove the `# ` before a key to change it.
"""


def commented_hub_yaml() -> str:
    """The text of a hub.yaml that shows every key and changes nothing."""
    return _HEAD + "".join(_section(Settings, 0))


def _section(model: type[BaseModel], depth: int) -> list[str]:
    pieces: list[str] = []
    for key, field in model.model_fields.items():
        name = field.alias or key
        indent = "  " * depth
        default = field.get_default(call_default_factory=True)
        pieces.append("\n" if depth == 0 else "")
        pieces.append(
            textwrap.fill(
                field.description or "", 110, initial_indent=f"#   {indent}", subsequent_indent=f"#   {indent}"
            )
            + "\n"
        )
        if isinstance(default, BaseModel):
            pieces.append(f"# {indent}{name}:\n")
            pieces.extend(_section(type(default), depth + 1))
        else:
            pieces.append(f"# {indent}{name}: {_value(field, default)}\n")
    return pieces


def _value(field: FieldInfo, value: Any) -> str:
    if value is None or value is PydanticUndefined:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return _quantity(field, value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    empty = {"": '""'}
    return "{}" if value == {} else empty.get(value, str(value))


def _quantity(field: FieldInfo, value: float) -> str:
    if value and any(getattr(part, "func", None) is write_duration for part in field.metadata):
        return f"{value // 60} min"
    return f"{value / 10**9:g} GB" if value >= 10**8 else str(value)
