"""What elastix and transformix answer when they are called with no work to do."""

from __future__ import annotations

import platform

from skrt_workspace.engines.library import ELASTIX_VERSION


def answer(name: str, help_text: str, arguments: list[str]) -> int:
    """Print the help, the version, or where to find the help. The exit code is 0, as the programs' own."""
    asked = arguments[0] if arguments else ""
    if asked in ("-h", "-help", "--help"):
        print(f"{name} version: {ELASTIX_VERSION}\n\n{help_text}")
    elif asked == "--version":
        print(f"{name} version: {ELASTIX_VERSION}")
    elif asked == "--extended-version":
        print(f"{name} version: {ELASTIX_VERSION}")
        print(f"Library: {_library()}")
        print(f"Python version: {platform.python_version()}\nMemory address size: 64-bit")
    else:
        print(f'Use "{name} --help" for information about {name}-usage.')
    return 0


def _library() -> str:
    from importlib.metadata import version  # noqa: PLC0415

    from skrt_workspace.engines import elastix_package  # noqa: PLC0415

    package = elastix_package()
    return f"{package} {version(package)}" if package else "not installed"
