"""The command lines of elastix and transformix: pairs of a key and a value, as their programs read them.

See "The elastix manual", section "How to call elastix", and the programs' own --help.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

LOG_LEVELS = ("info", "warning", "error", "off")
NO_PARAMETER_FILE = -1
NO_OUTPUT_FOLDER = -2


class ArgumentsError(Exception):
    """A command line that cannot be run; carries the message and the exit code of the real programs."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code & 0xFF


@dataclass
class Arguments:
    """A command line: every key with its value, the parameter files in their order."""

    values: dict[str, str] = field(default_factory=dict)
    parameter_files: list[str] = field(default_factory=list)

    def get(self, key: str) -> str | None:
        return self.values.get(key)

    def numbered(self, key: str) -> list[str]:
        """The values of `key`, or of `key0`, `key1`, ...: several images are given that way."""
        first = self.values.get(key) or self.values.get(f"{key}0")
        found = [] if first is None else [first]
        while first is not None and (value := self.values.get(f"{key}{len(found)}")) is not None:
            found.append(value)
        return found

    @property
    def log_level(self) -> str:
        return self.values.get("-loglevel", "info")

    @property
    def threads(self) -> int | None:
        value = self.values.get("-threads", "")
        return int(value) if value.isdigit() and int(value) > 0 else None


def parse(arguments: list[str]) -> Arguments:
    """Read the pairs. A key given twice keeps its first value; a last key with no value is left out, both as there."""
    parsed = Arguments()
    for key, value in zip(arguments[0::2], arguments[1::2], strict=False):
        if key == "-p":
            parsed.parameter_files.append(value)
        elif key in parsed.values:
            print(f"WARNING: {key} is only used once; {key} {value} is left out.", file=sys.stderr)
        else:
            parsed.values[key] = value
    if parsed.log_level not in LOG_LEVELS:
        raise ArgumentsError(f'ERROR: "{parsed.log_level}" is no log level; use one of {", ".join(LOG_LEVELS)}.', 1)
    return parsed


def output_folder(arguments: Arguments, problems: list[str], code: int) -> Path:
    """The folder of `-out`, when nothing is wrong with the command line.

    `problems` and `code` are what was found before. Raises ArgumentsError with all messages and the joint exit code.
    """
    given = arguments.get("-out")
    if given is None:
        problems.append('ERROR: No CommandLine option "-out" given!')
        code = NO_OUTPUT_FOLDER
    elif not Path(given).is_dir():
        problems.append(f'ERROR: the output directory "{given}" does not exist. Make it first.')
        code |= NO_OUTPUT_FOLDER
    if problems:
        raise ArgumentsError("\n".join(problems), code)
    return Path(str(given))
