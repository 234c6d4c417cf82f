"""What every Jupyter server works out at its start from files of the environment, worked out once in the zygote.

These files do not change while the environment is in use, so each child would find the same. Where a later version of
a library has not the part that is changed here, it is left as it is, and each child works it out for itself.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Hashable
from functools import cache, wraps
from importlib import metadata
from pathlib import Path, PurePath
from typing import Any


def entry_points() -> None:
    """Read the entry points of the environment's packages once.

    A Jupyter server asks for them five times, and each time hundreds of files are read. Call this before modules are
    imported that take the function for themselves. A child whose `sys.path` leads to other packages asks anew.
    """
    original = metadata.entry_points
    path = tuple(sys.path)
    found = cache(original)

    def remembered(**wanted: Any) -> Any:
        return found().select(**wanted) if same_packages(path) else original(**wanted)

    found()
    metadata.entry_points = remembered


def same_packages(path: tuple[str, ...]) -> bool:
    """Whether `sys.path` leads to the packages that `path` leads to, and to no others."""
    further = [entry for entry in sys.path if entry not in path]
    return set(path) <= set(sys.path) and not any(True for _ in metadata.distributions(path=further))


def for_servers() -> None:
    """All that is remembered for Jupyter's server, once its modules are imported."""
    for remember in (event_schemas, templates, empty_command_lines):
        try:
            remember()
        except Exception as error:  # a library of another version: then each child is a little slower
            print(f"fork server: {remember.__name__} is not remembered: {error}", file=sys.stderr)


def event_schemas() -> None:
    """The descriptions of Jupyter's events: files in YAML, each checked against a description of descriptions."""
    kind: Any = importlib.import_module("jupyter_events.schema").EventSchema
    places: Any = importlib.import_module("jupyter_server").DEFAULT_EVENTS_SCHEMA_PATH
    original = kind.__init__
    known = {file: dict(vars(kind(file))) for file in Path(places).rglob("*.yaml")}

    @wraps(original)
    def made(self: Any, schema: Any, *further: Any, **named: Any) -> None:
        if isinstance(schema, PurePath) and schema in known and not further and not named:
            vars(self).update(known[schema])
        else:
            original(self, schema, *further, **named)

    kind.__init__ = made


def templates() -> None:
    """The code that jinja2 makes of a page's template; JupyterLab's page is the first that everybody asks for."""
    jinja2: Any = importlib.import_module("jinja2")
    kind = jinja2.Environment
    original = kind.compile
    known: dict[Hashable, Any] = {}

    @wraps(original)
    def compiled(self: Any, source: Any, name: Any = None, filename: Any = None, **named: Any) -> Any:
        if not isinstance(source, str) or callable(self.autoescape) or any(named.values()):
            return original(self, source, name, filename, **named)
        key = (source, name, filename, _way_of_compiling(self))
        if key not in known:
            known[key] = original(self, source, name, filename)
        return known[key]

    kind.compile = compiled
    pages = Path(sys.prefix, "share", "jupyter", "lab", "static")
    if (pages / "index.html").is_file():
        loader = jinja2.FileSystemLoader([str(pages)])
        kind(loader=loader, extensions=["jinja2.ext.i18n"], autoescape=True).get_template("index.html")


def _way_of_compiling(environment: Any) -> Hashable:
    """All of a jinja2 environment that the code of a template depends on."""
    lexer: tuple[str, ...] = ("block_start_string", "block_end_string", "variable_start_string", "variable_end_string")
    lexer += ("comment_start_string", "comment_end_string", "line_statement_prefix", "line_comment_prefix")
    lexer += ("trim_blocks", "lstrip_blocks", "newline_sequence", "keep_trailing_newline")
    others = ("optimized", "autoescape", "is_async", "sandboxed", "newstyle_gettext", "undefined")
    values = tuple(getattr(environment, name, None) for name in lexer + others)
    names = (*sorted(environment.extensions), *sorted(environment.filters), *sorted(environment.tests))
    return (type(environment), values, names, repr(sorted(environment.policies.items())))


def empty_command_lines() -> None:
    """Each of a server's extensions makes a parser for a command line, to read one that has nothing in it."""
    module: Any = importlib.import_module("traitlets.config")
    kind = module.Application
    original = kind.parse_command_line

    @wraps(original)
    def parsed(self: Any, argv: Any = None) -> Any:
        if argv is None or len(argv) > 0:
            return original(self, argv)
        self.argv, self.cli_config, self.extra_args = [], module.Config(), []
        self.update_config(self.cli_config)
        return None

    kind.parse_command_line = parsed
