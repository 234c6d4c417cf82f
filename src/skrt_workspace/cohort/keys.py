"""The key of a task: a hash of what the function does, of its parameters, and of the patient's files and values.

Two tasks with one key have one result, so a task whose key has a result is not done again. What a function does is its
byte code, its defaults, and everything of the notebook that it uses; comments and the places of lines do not count.
"""

from __future__ import annotations

import dis
import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from skrt_workspace.home.by_path import below

_PIECE = 1 << 20
_GLOBAL = frozenset({"LOAD_GLOBAL", "LOAD_NAME"})


def key_of(function_hash: str, patient: Any) -> str:
    """The key of one patient's task."""
    return hash_of((function_hash, patient))[:32]


def hash_of(value: Any) -> str:
    """A hash of a value: a function by what it does, a path by the content of its file or folder."""
    digest = hashlib.sha256()
    for piece in _pieces(value, set()):
        digest.update(len(piece).to_bytes(8, "little"))
        digest.update(piece)
    return digest.hexdigest()


def modules_of(function: Any) -> tuple[list[str], list[ModuleType]]:
    """The modules that a function uses: their names, and those among them that are the participant's own files."""
    names: set[str] = set()
    own: dict[str, ModuleType] = {}
    for each in functions(function, set()):
        for code in _codes(each.__code__):
            names.update(_imports(code))
        for value in used(each).values():
            if isinstance(value, ModuleType):
                names.add(value.__name__)
    for name in names:
        module = sys.modules.get(name)
        if module is not None and _is_own(module):
            own[name] = module
    return sorted(names), list(own.values())


def _pieces(value: Any, seen: set[int]) -> Iterator[bytes]:
    """The value as bytes; `seen` are the functions, classes and containers around it."""
    if value is None or isinstance(value, (bool, int, float, complex, bytes)):
        yield f"{type(value).__name__} {value!r}".encode()
    elif isinstance(value, (str, os.PathLike)):
        yield from _text_or_path(value)
    elif id(value) in seen:
        yield b"again"
    else:
        yield from _made_of_others(value, {*seen, id(value)})


def _made_of_others(value: Any, seen: set[int]) -> Iterator[bytes]:
    if isinstance(value, (list, tuple)):
        yield f"{type(value).__name__} {len(value)}".encode()
        for item in value:
            yield from _pieces(item, seen)
    elif isinstance(value, Mapping):
        yield f"mapping {len(value)}".encode()
        for key in sorted(value, key=hash_of):
            yield from _pieces(key, seen)
            yield from _pieces(value[key], seen)
    elif isinstance(value, (set, frozenset)):
        yield f"set {len(value)}".encode()
        yield from (item.encode() for item in sorted(hash_of(item) for item in value))
    elif isinstance(value, (FunctionType, MethodType)):
        yield from _function(value, seen)
    elif isinstance(value, ModuleType):
        yield from _module(value)
    elif isinstance(value, partial):
        yield from _pieces((value.func, value.args, value.keywords), seen)
    elif isinstance(value, type):
        yield from _class(value, seen)
    else:
        yield from _object(value, seen)


def _text_or_path(value: str | os.PathLike[Any]) -> Iterator[bytes]:
    text = os.fspath(value)
    yield f"text {text!r}".encode(errors="surrogatepass")
    if not text or "\0" in str(text) or len(text) > 4096:
        return
    path = Path(os.fsdecode(text))
    try:
        if Path.home().is_relative_to(path.resolve()) or Path.cwd().is_relative_to(path.resolve()):
            return  # a word such as "." or "/": nobody means all of that as a patient
        yield from _content(path)
    except OSError as error:
        yield f"unreadable {error.errno}".encode()


def _content(path: Path) -> Iterator[bytes]:
    """The content of a file, or of all files below a folder in the order of their names."""
    if path.is_file():
        digest = hashlib.sha256()
        with path.open("rb") as stream:
            while piece := stream.read(_PIECE):
                digest.update(piece)
        yield digest.digest()
    elif path.is_dir():
        for folder, folders, files in below(path):
            folders.sort()
            for name in sorted(files):
                file = Path(folder, name)
                yield os.fsencode(file.relative_to(path))
                yield from _content(file)


def _function(function: FunctionType | MethodType, seen: set[int]) -> Iterator[bytes]:
    if isinstance(function, MethodType):
        yield from _pieces(function.__self__, seen)
        yield from _pieces(function.__func__, seen)
        return
    if not _is_of_the_notebook(function):
        yield f"function {function.__module__}.{function.__qualname__} {_version(function.__module__)}".encode()
        return
    yield from _code(function.__code__, seen)
    yield from _pieces(function.__defaults__, seen)
    yield from _pieces(function.__kwdefaults__, seen)
    for name, value in sorted(used(function).items()):
        yield name.encode()
        yield from _pieces(value, seen)


def _code(code: CodeType, seen: set[int]) -> Iterator[bytes]:
    yield code.co_code
    yield repr((code.co_names, code.co_varnames, code.co_freevars, code.co_argcount, code.co_kwonlyargcount)).encode()
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _code(constant, seen)
        else:
            yield repr(constant if not isinstance(constant, frozenset) else sorted(map(repr, constant))).encode()


def _module(module: ModuleType) -> Iterator[bytes]:
    yield f"module {module.__name__} {_version(module.__name__)}".encode()
    if _is_own(module):
        yield from _content(Path(str(module.__file__)))


def _class(kind: type, seen: set[int]) -> Iterator[bytes]:
    yield f"class {kind.__module__}.{kind.__qualname__} {_version(kind.__module__)}".encode()
    if _is_of_the_notebook(kind):
        for name, value in sorted(vars(kind).items()):
            if isinstance(value, (FunctionType, int, float, str, tuple)) and name not in ("__module__", "__doc__"):
                yield name.encode()
                yield from _pieces(value, seen)


def _object(value: Any, seen: set[int]) -> Iterator[bytes]:
    if type(value).__module__.partition(".")[0] == "numpy" and hasattr(value, "tobytes"):
        yield f"array {value.dtype.str} {value.shape}".encode()
        if value.dtype.hasobject:
            yield from _pieces(value.tolist(), seen)
        else:
            yield value.tobytes()
        return
    yield from _class(type(value), seen)
    state = getattr(value, "__dict__", None)
    if state and type(value).__module__ == "__main__":
        yield from _pieces(dict(state), seen)
        return
    import cloudpickle  # noqa: PLC0415 - a runner needs none of it

    yield cloudpickle.dumps(value)


def functions(function: Any, seen: set[int]) -> Iterator[FunctionType]:
    """The function and those that it uses, of the notebook and of the participant's own modules."""
    function = function.func if isinstance(function, partial) else getattr(function, "__func__", function)
    if not isinstance(function, FunctionType) or id(function) in seen or not _is_of_the_notebook(function):
        return
    seen.add(id(function))
    yield function
    for value in used(function).values():
        yield from functions(value, seen)
        if isinstance(value, ModuleType) and _is_own(value):
            for name in {name for code in _codes(function.__code__) for name in code.co_names} & vars(value).keys():
                yield from functions(vars(value)[name], seen)


def used(function: FunctionType) -> dict[str, Any]:
    """The notebook's values that a function uses, by name: globals, and what it closes over."""
    names = {name for code in _codes(function.__code__) for name in _globals_of(code)}
    used = {name: function.__globals__[name] for name in names if name in function.__globals__}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        try:
            used[name] = cell.cell_contents
        except ValueError:  # not yet filled
            continue
    return used


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _globals_of(code: CodeType) -> set[str]:
    return {step.argval for step in dis.get_instructions(code) if step.opname in _GLOBAL}


def _imports(code: CodeType) -> set[str]:
    return {step.argval for step in dis.get_instructions(code) if step.opname == "IMPORT_NAME" and step.argval}


def _is_of_the_notebook(value: Any) -> bool:
    """Whether it was written in the notebook, or in a file of the participant's."""
    name = getattr(value, "__module__", None) or "__main__"
    module = sys.modules.get(name)
    return name == "__main__" or (module is not None and _is_own(module))


def _is_own(module: ModuleType) -> bool:
    """Whether a module is one of the participant's own files, and neither an environment's nor a package."""
    file = getattr(module, "__file__", None)
    if module.__name__ == "__main__" or not file:
        return False
    path = Path(file)
    if any(path.is_relative_to(prefix) for prefix in (sys.prefix, sys.base_prefix)) or "site-packages" in path.parts:
        return False  # Python itself may lie in a home, too
    return path.is_relative_to(Path.home())


def _version(module: str) -> str:
    top = sys.modules.get(module.partition(".")[0])
    return str(getattr(top, "__version__", ""))
