"""What children share with the zygote: memory that they do not copy, and work that they need not do again."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.long

Server = Any
PRIVATE = """\
lines = open("/proc/self/smaps_rollup").read().splitlines()
print(next(line.split()[1] for line in lines if line.startswith("Private_Dirty:")))
"""


def private_memory(server: Server) -> int:
    """KiB that a kernel has for itself after the import."""
    (told,) = server.drive(["import skrt", PRIVATE])
    assert told["kind"] == "ForkedKernel", told["log"]
    return int(told["answers"][1])


def test_new_objects_do_not_copy_pages_of_preloaded_ones(new_server: Callable[..., Server]) -> None:
    filled, holes = private_memory(new_server()), private_memory(new_server("--without", "holes"))
    # The difference is larger (10 MB) where Python has immortal objects too, because counting references copies less.
    assert filled + 2000 < holes


def test_entry_points_are_those_of_a_plain_kernel_also_of_packages_that_are_added(server: Server) -> None:
    package = {"added/extra-1.0.dist-info/entry_points.txt": "[skrt.test]\nextra = extra:main\n"}
    ask = "from importlib.metadata import entry_points; print(sorted(map(str, entry_points(group={!r}))))"
    before = ask.format("console_scripts")
    after = "import sys; sys.path.append('added')\n" + ask.format("skrt.test")
    forked, plain = server.drive([before, after], ways=["warden", "plain"], files=package)
    assert forked["answers"] == plain["answers"]
    assert "jupyter" in forked["answers"][0]
    assert "extra:main" in forked["answers"][1]


# What a server works out from the environment's files: the work is forbidden, so that only what is remembered comes.
REMEMBERED = {
    "event schemas": """
import jupyter_events.schema as schema
from jupyter_server import DEFAULT_EVENTS_SCHEMA_PATH as places
{}
found = [schema.EventSchema(file) for file in sorted(places.rglob("*.yaml"))]
print([one.id for one in found])
""",
    "templates": """
import sys, jinja2
from pathlib import Path
{}
pages = jinja2.FileSystemLoader([str(Path(sys.prefix, "share/jupyter/lab/static"))])
page = jinja2.Environment(loader=pages, extensions=["jinja2.ext.i18n"], autoescape=True).get_template("index.html")
print(page.name, page.root_render_func.__code__.co_names)
""",
    "empty command lines": """
from traitlets.config import Application, Config
class Own(Application): pass
{}
one = Own()
one.config = Config({{"Own": {{"log_level": 10}}}})
one.parse_command_line([])
print(one.argv, one.extra_args, one.cli_config, one.log_level)
""",
}
FORBIDDEN = {
    "event schemas": "schema.yaml.load = None",
    "templates": "jinja2.Environment._parse = None",
    "empty command lines": "Own._create_loader = None",
}


@pytest.mark.parametrize("what", sorted(REMEMBERED))
def test_what_a_server_works_out_at_its_start_is_remembered_and_the_same(what: str, server: Server) -> None:
    allowed, forbidden = (REMEMBERED[what].format(words) for words in ("", FORBIDDEN[what]))
    forked, plain = server.drive([allowed, forbidden], ways=["warden", "plain"])
    assert forked["answers"][0] == forked["answers"][1] == plain["answers"][0]
    assert "TypeError" in plain["answers"][1]


def test_a_kernel_knows_the_names_of_its_modules_without_a_look_at_each(server: Server) -> None:
    cell = "s = get_ipython(); print(sorted({'json', 'numpy', 'IPython', 'ipykernel'} - set(s._sys_modules_keys)))"
    later = "import this_is_mine; s.reset(aggressive=True); import sys; print('json' in sys.modules)"
    gone = "import sys; print('this_is_mine' in sys.modules)"
    (forked,) = server.drive([cell, later, gone], files={"this_is_mine.py": ""})
    assert [answer.splitlines()[-1] for answer in forked["answers"]] == ["[]", "True", "False"]


def test_a_first_plot_of_scikit_rt_finds_its_fonts_found(server: Server) -> None:
    cell = """
import io, skrt
from matplotlib import figure, font_manager as fonts
before = fonts.fontManager._findfont_cached.cache_info()
axes = figure.Figure().add_subplot()
axes.set(xlabel="x (mm)", ylabel="y (mm)", title="z = 3.0 mm")
axes.figure.savefig(io.BytesIO(), format="png")
after = fonts.fontManager._findfont_cached.cache_info()
print(after.hits > before.hits, after.misses - before.misses)
"""
    forked, plain = server.drive([cell], ways=["warden", "plain"])
    assert (forked["answers"][0], plain["answers"][0].split()[1] != "0") == ("True 0\n", True)


def test_a_first_plot_finds_matplotlibs_parser_made(server: Server) -> None:
    cell = "import matplotlib.mathtext as m; print(m.MathTextParser._parser is not None)"
    forked, plain = server.drive([cell], ways=["warden", "plain"])
    assert (forked["answers"], plain["answers"]) == (["True\n"], ["False\n"])


def test_the_hubs_database_is_not_preloaded_and_found_whole_by_who_wants_it(server: Server) -> None:
    cells = [
        "import sys; print('sqlalchemy' in sys.modules)",
        "import jupyterhub.scopes as s, jupyterhub.orm as o, sqlalchemy; print(s.orm is o, o.User.__tablename__)",
    ]
    forked, plain = server.drive(cells, ways=["warden", "plain"])
    assert forked["answers"] == plain["answers"] == ["False\n", "True users\n"]


SCOPES = """\
import sys
from skrt_workspace import single_user
with single_user.without_database():
    from jupyterhub.services.auth import check_scopes
    from jupyterhub.singleuser import main
print(sorted(check_scopes("access:servers!user=anna", {"access:servers", "read:users"})), "sqlalchemy" in sys.modules)
import sqlalchemy
print(sqlalchemy.create_engine("sqlite://").name)
"""


def test_a_server_checks_scopes_without_the_database_library(server: Server) -> None:
    done = subprocess.run([server.python, "-c", SCOPES], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["['access:servers!user=anna'] False", "sqlite"], done.stderr
