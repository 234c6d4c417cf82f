"""What elastix and transformix answer when they are called with no work to do."""

from __future__ import annotations

import platform

from skrt_workspace import engines


def answer(name: str, help_text: str, arguments: list[str]) -> int:
    """Print the help, the version, or where to find the help. The exit code is 0, as the programs' own."""
    package = engines.elastix_package()
    version = f"{name} version: {package.version if package else 'none'}"
    asked = arguments[0] if arguments else ""
    if asked in ("-h", "-help", "--help"):
        print(f"{version}\n\n{help_text}")
    elif asked == "--version":
        print(version)
    elif asked == "--extended-version":
        print(f"{version}\nLibrary: {_library()}")
        print(f"Python version: {platform.python_version()}\nMemory address size: 64-bit")
    else:
        print(f'Use "{name} --help" for information about {name}-usage.')
    return 0


def _library() -> str:
    from importlib.metadata import version  # noqa: PLC0415

    package = engines.elastix_package()
    return f"{package.name} {version(package.name)}" if package else "not installed"
