"""The pure parts of the bench: figures, kernel messages, the picture, the stock stack's configuration, the table."""

from __future__ import annotations

import asyncio
import json
import math
import struct
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from skrt_hub.bench import browsers, cells, chart, hubs, kernel, lessons, rehearsal, statistics, test_users
from skrt_hub.bench.burst import Burst
from skrt_hub.bench.notebooks import Notebook, read_notebook
from skrt_hub.bench.participant import STAGES, Journey
from skrt_hub.bench.rehearsal_report import RehearsalReport, sentence, yaml_lines
from skrt_hub.bench.report import BenchReport, rows
from skrt_hub.bench.run import draw, write_down
from skrt_hub.bench.seats import Step, may_go_on, next_group, seats
from skrt_hub.bench.statistics import Spread, SystemStatistics
from skrt_hub.bench.stock import render_config, render_server_config
from skrt_hub.cli import read
from skrt_hub.commands import bench as bench_command
from skrt_hub.errors import PrerequisiteError, UsageError
from skrt_hub.settings.load import load_settings
from skrt_hub.settings.model import Settings

SVG = "{http://www.w3.org/2000/svg}"


def journey(name: str, began: float, *times: float, failure: str = "") -> Journey:
    return Journey(name, began, dict(zip(STAGES, times, strict=False)), failure)


def system(name: str, last: float, *, failed: tuple[str, ...] = (), memory: float | None = 5e7) -> SystemStatistics:
    return SystemStatistics(
        system=name,
        people=2,
        alone={"slice": last / 10},
        stages={stage: Spread(last / 2, last, last) for stage in STAGES},
        arrivals=dict.fromkeys(STAGES, (last / 2, last)),
        login_page=Spread(0.1, 0.2, 0.3),
        login_page_99=0.3,
        failures=failed,
        memory_each=memory,
    )


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1), (0.5, 5), (0.95, 10), (0.9, 9), (1.0, 10)])
def test_a_quantile_is_the_nearest_rank(share: float, expected: float) -> None:
    assert statistics.quantile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], share) == expected


def test_the_quantile_of_nothing_is_no_number() -> None:
    assert math.isnan(statistics.quantile([], 0.5))


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 1))
def test_a_quantile_is_one_of_the_values_with_its_share_below(values: list[float], share: float) -> None:
    found = statistics.quantile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9


def test_arrivals_count_from_the_first_persons_beginning() -> None:
    there = [journey("a", 100.0, 1, 2, 3, 4, 5, 6, 7), journey("b", 102.0, 1, 2, 3)]
    found = statistics.arrivals(there)
    assert found["server"] == (3.0, 5.0)
    assert found["slice"] == (7.0,)


def test_failures_of_one_kind_are_counted_together_whoever_met_them() -> None:
    burst = Burst((journey("x-1", 0, failure="x-1: no"), journey("x-2", 0, failure="x-2: no")), (0.1,), 3)
    assert statistics.failures(burst) == ("3 × the log-in page did not answer", "2 × NAME: no")


def test_a_message_comes_back_from_its_bytes() -> None:
    sent = kernel.execute_request("print('ü')", "session")
    back = kernel.from_bytes(kernel.to_bytes(sent))
    assert back == sent
    assert back.kind == "execute_request"
    assert back.content["code"] == "print('ü')"


def test_the_frame_begins_as_the_protocol_says() -> None:
    frame = kernel.to_bytes(kernel.kernel_info_request("s"))
    count, first = struct.unpack_from("<2Q", frame)
    assert (count, first) == (6, 8 * 7)  # five parts have six borders; they come after the count and the borders
    assert frame[first : first + 5] == b"shell"


def test_buffers_after_the_content_are_passed_over() -> None:
    frame = kernel.to_bytes(kernel.kernel_info_request("s"))
    borders = list(struct.unpack_from("<6Q", frame, 8))
    longer = [border + 8 for border in borders] + [borders[-1] + 8 + 3]
    with_buffer = struct.pack("<8Q", 7, *longer) + frame[56:] + b"xyz"
    assert kernel.from_bytes(with_buffer) == kernel.from_bytes(frame)


@pytest.mark.parametrize("frame", [b"", b"1234", struct.pack("<2Q", 2, 8), struct.pack("<Q", 2**60)])
def test_bytes_that_are_no_message_are_refused(frame: bytes) -> None:
    with pytest.raises(ValueError, match=r"frame|message"):
        kernel.from_bytes(frame)


def test_only_a_real_picture_counts() -> None:
    def shown(kind: str, data: dict[str, str]) -> bool:
        return kernel.has_picture(kernel.KernelMessage("iopub", {"msg_type": kind}, {}, {"data": data}))

    assert shown("display_data", {"image/png": "x" * 5000})
    assert not shown("display_data", {"image/png": ""})
    assert not shown("display_data", {"text/plain": "x" * 5000})
    assert not shown("stream", {"image/png": "x" * 5000})


def test_an_answer_belongs_to_its_request() -> None:
    one, other = kernel.execute_request("1", "s"), kernel.execute_request("1", "s")
    reply = kernel.KernelMessage("shell", {"msg_type": "execute_reply"}, one.header, {})
    assert reply.answers(one)
    assert not reply.answers(other)


@given(st.floats(0.01, 1e5))
def test_the_axis_has_few_round_steps_and_reaches_the_last(largest: float) -> None:
    step, count = chart.round_steps(largest)
    assert 1 <= count <= 9
    assert step * count >= largest * (1 - 1e-6)
    assert f"{step:e}"[0] in "125"


def test_the_picture_has_a_stair_for_each_curve_and_one_rise_for_each_person() -> None:
    curves = [chart.Curve("one & two", (1.0, 2.0, 3.0)), chart.Curve("other", (5.0,), 1, broken=True)]
    tree = ET.fromstring(chart.arrival_chart("a <title>", curves, 3))
    stairs = [path.attrib for path in tree.iter(f"{SVG}path") if path.attrib.get("fill") == "none"]
    assert [stair["d"].count("V") for stair in stairs] == [3, 1]
    assert ["stroke-dasharray" in stair for stair in stairs] == [False, True]
    texts = [text.text for text in tree.iter(f"{SVG}text")]
    assert {"a <title>", "one & two", "other"} <= set(texts)


def test_a_picture_of_nobody_is_still_a_picture() -> None:
    ET.fromstring(chart.arrival_chart("nobody", [chart.Curve("none", ())], 0))


def test_names_are_new_each_time_and_easy_to_tell_from_peoples() -> None:
    one, other = test_users.new_names(3), test_users.new_names(3)
    assert len({*one, *other}) == 6
    assert all(name.startswith(test_users.PREFIX) for name in one)


def test_stock_servers_have_the_extensions_of_packages_and_none_of_ours(tmp_path: Path) -> None:
    folder = tmp_path / "etc" / "jupyter" / "jupyter_server_config.d"
    folder.mkdir(parents=True)
    for name, value in (("jupyterlab", "true"), ("jupyter_archive", "false"), ("skrt_workspace.extension", "true")):
        (folder / f"{name}.json").write_text(f'{{"ServerApp": {{"jpserver_extensions": {{"{name}": {value}}}}}}}')
    text = render_server_config(tmp_path, Path("/work"))
    assert "jpserver_extensions = {'jupyter_archive': True, 'jupyterlab': True}\n" in text


def test_the_stock_stack_listens_on_loopback_only_and_has_jupyterhubs_own_parts() -> None:
    text = render_config(Path("/env"), Path("/work"), "secret", [1, 2, 3, 4], "/usr/bin/configurable-http-proxy")
    values: dict[str, object] = {}

    class Any:
        def __init__(self, name: str) -> None:
            object.__setattr__(self, "name", name)

        def __getattr__(self, name: str) -> Any:
            return Any(f"{object.__getattribute__(self, 'name')}.{name}")

        def __setattr__(self, name: str, value: object) -> None:
            values[f"{object.__getattribute__(self, 'name')}.{name}"] = value

    exec(text, {"c": Any("c")})
    assert values["c.JupyterHub.spawner_class"] == "simple"
    assert values["c.Spawner.cmd"] == ["/env/bin/jupyterhub-singleuser"]
    assert values["c.DummyAuthenticator.password"] == "secret"
    addresses = [str(value) for name, value in values.items() if "Spawner" not in name and name.endswith("_url")]
    assert all("127.0.0.1" in address or address.startswith("sqlite:") for address in addresses)


def test_the_table_compares_the_second_with_the_first() -> None:
    table = {name: (cells, ratio) for name, cells, ratio in rows((system("skrt-hub", 8.0), system("stock", 88.0)))}
    assert table["2 at once: CT slice, last"] == (["8.00 s", "88.00 s"], "11.0")
    assert table["memory for each participant"][1] == "1.0"
    assert table["hub started, to the log-in page"] == (["-", "-"], "")


def test_a_failure_is_an_exit_code_and_a_line() -> None:
    report = BenchReport("1", "now", "a machine", (system("skrt-hub", 8.0, failed=("1 × no",)),))
    assert report.exit_code == 13
    assert report.as_json()["ok"] is False
    assert BenchReport("1", "now", "a machine", (system("skrt-hub", 8.0),)).exit_code == 0


def test_figures_and_picture_are_written_down(tmp_path: Path) -> None:
    report = write_down(BenchReport("1", "now", "m", (system("skrt-hub", 8.0),)), tmp_path / "out")
    assert [file.name for file in report.files] == ["bench.json", "bench.svg"]
    ET.fromstring((tmp_path / "out" / "bench.svg").read_text())
    assert draw((system("skrt-hub", 8.0), system("stock", 88.0))).count('fill="none"') == 4


@pytest.mark.parametrize("words", ["0", "-1", "301", "many", "1.5"])
def test_an_impossible_number_of_people_is_refused(words: str) -> None:
    with pytest.raises(UsageError, match="--people cannot be used with that"):
        read(["bench", "--people", words])


GB = 10**9


def step(people: int, each: float, seconds: float, *failures: str, left: float = 20 * GB) -> Step:
    return Step(people, each, left, seconds, failures)


def test_memory_ends_first_where_the_notebook_is_quick_and_large() -> None:
    found = seats([step(1, 0.5 * GB, 10), step(2, 0.5 * GB, 10), step(4, 0.6 * GB, 12)], available=4 * GB, reserved=GB)
    assert (found.people, found.ends_first) == (4, "the number that was tried")
    assert found.by_memory == 5
    found = seats([step(1, GB, 10), step(2, GB, 10)], available=3 * GB, reserved=GB)
    assert (found.people, found.ends_first) == (2, "memory")
    assert found.memory_limit == 1.5 * GB


def test_the_processors_end_first_where_the_notebook_becomes_slow() -> None:
    found = seats([step(1, 1e8, 10), step(2, 1e8, 20), step(4, 1e8, 80)], available=20 * GB, reserved=GB)
    assert (found.people, found.ends_first) == (2, "the processors")
    found = seats([step(1, 1e8, 10), step(8, 1e8, 30), step(16, 1e8, 50)], available=20 * GB, reserved=GB)
    assert found.by_time == 12  # half way between 30 and 50 s


def test_something_that_failed_ends_it_at_the_step_before() -> None:
    found = seats([step(1, 1e8, 10), step(2, 1e8, 12), step(4, 1e8, 12, "no")], available=20 * GB, reserved=GB)
    assert (found.people, found.ends_first) == (2, "something that failed")


def test_a_rehearsal_stops_before_memory_runs_out() -> None:
    assert may_go_on([step(4, GB, 10, left=10 * GB)], 8, reserved=GB)
    assert not may_go_on([step(4, GB, 10, left=4.5 * GB)], 8, reserved=GB)
    assert not may_go_on([step(1, 1e8, 10), step(2, 1e8, 50)], 4, reserved=GB)
    assert not may_go_on([step(1, 1e8, 10, "no")], 2, reserved=GB)


def test_groups_double_and_end_at_the_number_given() -> None:
    assert [next_group(count, 50) for count in (1, 2, 32, 50)] == [2, 4, 50, 50]


def test_the_answer_is_in_the_words_of_hub_yaml() -> None:
    steps = (step(1, GB, 10), step(2, GB, 10))
    report = RehearsalReport("n.ipynb", "m", 3 * GB, GB, steps, seats(steps, available=3 * GB, reserved=GB))
    assert sentence(report) == "Up to 2 with 1.5 GB each; memory ends first."
    assert Settings.model_validate(YAML(typ="safe").load("\n".join(yaml_lines(report.seats)))).limits.servers == 2
    ET.fromstring(chart.rehearsal_chart(steps, report.seats, 3 * GB))


def test_a_notebook_gives_its_code_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "a.ipynb"
    cells = [
        {"cell_type": "markdown", "source": "text"},
        {"cell_type": "code", "source": ["a = 1\n", "a"]},
        {"cell_type": "code", "source": "  "},
    ]
    file.write_text(json.dumps({"cells": cells}))
    assert read_notebook(file).cells == ("a = 1\na",)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"cells": []}', '{"cells": [{"cell_type": "code"}]}', "\x00"])
def test_what_is_no_notebook_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.ipynb"
    file.write_text(text)
    with pytest.raises(UsageError):
        read_notebook(file)
    with pytest.raises(UsageError):
        read_notebook(tmp_path / "none.ipynb")


def test_the_temporary_hubs_settings_can_be_read_again(tmp_path: Path) -> None:
    """They are written down as a person's hub.yaml is, where a time without its unit is refused."""
    settings = hubs.temporary_settings(Settings(name="class", limits={"idle": "90 min"}), 8123)
    hubs.write_settings(tmp_path / "hub.yaml", settings)
    read = load_settings(tmp_path / "hub.yaml")
    assert read.limits.idle == 5400
    assert read == settings


@pytest.mark.parametrize(
    "wish",
    [
        {"address": "lan", "tls": "class", "login": "codes", "organisers": ["maria"], "helpers": ["hans"]},
        {
            "login": {
                "kind": "oidc",
                "issuer": "https://id.example.org",
                "client_id": "hub",
                "client_secret_file": "/s",
                "everyone": True,
            }
        },
        {"kubernetes": {"access": "node-port"}, "tls": "class", "public_url": "https://hub.example.org"},
        {"shared": [{"name": "project"}], "announce": True},
    ],
    ids=["codes", "institution", "cluster", "shared"],
)
def test_a_temporary_hub_lets_scripted_people_in_whatever_the_hubs_log_in_is(
    wish: dict[str, Any], tmp_path: Path
) -> None:
    if "kubernetes" in wish:
        wish = {**wish, "target": "kubernetes", "kubernetes": {**wish["kubernetes"], "host": "hub.example.org"}}
    settings = hubs.temporary_settings(Settings.model_validate(wish), 8123)
    hubs.write_settings(tmp_path / "hub.yaml", settings)
    read = load_settings(tmp_path / "hub.yaml")
    assert (read.login.kind, read.url, read.names, read.organisers) == ("first-use", "http://127.0.0.1:8123/", (), ())


@pytest.mark.parametrize(
    ("wish", "there"), [({}, True), ({"login": "codes"}, False), ({"participants": ["anna"]}, False)]
)
def test_the_hub_at_hand_is_measured_where_it_lets_any_name_in(
    wish: dict[str, Any], there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied: Any = SimpleNamespace(settings=Settings.model_validate(wish))
    monkeypatch.setattr(hubs, "read_applied", lambda layout: applied)
    monkeypatch.setattr("skrt_hub.bench.hubs.control.ask", lambda *words: {"state": "running"})
    context: Any = SimpleNamespace(layout=SimpleNamespace(applied="", control_socket=""))
    assert (hubs.at_hand(context) is applied) is there


def test_real_browsers_have_rows_of_their_own() -> None:
    both = (
        replace(system("skrt-hub", 10.0), browsers=(3.0, 4.0, 6.0)),
        replace(system("stock", 50.0), browsers=(9.0,)),
    )
    found = {name: (cells, times) for name, cells, times in rows(both)}

    assert found["JupyterLab page in a browser, 3 at once: median"] == (["4.00 s", "9.00 s"], "2.2")
    assert found["JupyterLab page in a browser, 3 at once: last"] == (["6.00 s", "9.00 s"], "1.5")
    assert not any("browser" in name for name, _, _ in rows((system("skrt-hub", 10.0),)))


def test_a_browser_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(PrerequisiteError, match="There is no Chromium here"):
        browsers.ensure_there()


def test_a_hub_with_seats_is_for_those_who_are_measured() -> None:
    settings = hubs.temporary_settings(Settings(participants=("eve",)), 1234, ["bench-1", "bench-2"])

    assert settings.names == ("bench-1", "bench-2")
    assert hubs.temporary_settings(Settings(participants=("eve",)), 1234).names == ()


def test_seats_are_made_ready_on_a_temporary_hub_only() -> None:
    call = read(["bench", "--seats-ready", "--browsers", "5"])
    assert (call.values["seats_ready"], call.values["browsers"]) == (True, 5)
    with pytest.raises(UsageError):
        bench_command.run(None, **{**call.values, "url": "http://127.0.0.1:1/"})


def test_the_registration_of_the_example_ends_with_the_first() -> None:
    cells = lessons.first_registration()

    assert [".register()" in cell for cell in cells] == [False] * (len(cells) - 1) + [True]
    measured = replace(system("skrt-hub", 10.0), lessons={"a lesson": 2.0})
    assert ("a further kernel, a lesson", ["2.00 s"], "") in rows((measured,))


def test_a_cohort_of_an_earlier_step_is_done_again() -> None:
    """Else whoever was there before runs the notebook in no time, and more people seem to fit."""
    done: list[str] = []

    class Person:
        async def execute(self, cell: str) -> None:
            done.append(cell)

    people = rehearsal._Class(SimpleNamespace(servers=lambda: ()), Notebook("n", ("cohort.run()",)))  # type: ignore[arg-type]
    people._people = [Person()]  # type: ignore[list-item]
    for _ in range(2):
        assert not asyncio.run(people.run(5.0)).failures
    assert done == [cells.FORGET_COHORTS, "cohort.run()"] * 2
