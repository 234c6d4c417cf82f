# ruff: noqa: E501  cells are easier to read in one piece
"""Each hazard of forking: mended, and shown to come true when its mend is left out."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from skrt_workspace.forkserver import mends
from skrt_workspace.forkserver.client import ForkServerUnavailable

pytestmark = pytest.mark.long

Server = Any
SHOWN = (
    "signals",
    "variables",
    "home",
    "appearance",
    "arguments",
    "folder",
    "caches",
    "plotting",
    "threads",
    "collector",
)
"""The mends whose hazards come true here when they are left out; those of randomness have a test of their own."""

# What a kernel can see of how it was started: each must be the same for a forked kernel and a plain one.
FACTS = {
    "signals": "import signal; print({int(n): str(signal.getsignal(n)).split(' at ')[0] for n in signal.valid_signals()"
    " if n not in (signal.SIGCHLD,)}, signal.pthread_sigmask(0, []))",
    "variables": "import os; print({k: v for k, v in sorted(os.environ.items()) if k not in VOLATILE})",
    "home": "import site, sysconfig, jedi.settings, parso.cache, matplotlib.font_manager as f, send2trash.plat_other as t\n"
    "print(site.getusersitepackages(), site.getuserbase(), sysconfig.get_config_var('userbase'), jedi.settings.cache_directory,"
    " parso.cache._default_cache_path, f.X11FontDirectories, t.HOMETRASH, t.HOMETRASH_B)",
    "appearance": "print({w.split('=')[0]: w for w in sorted(open('/proc/self/environ').read().split('\\0'))"
    " if w.split('=')[0] not in VOLATILE})\n"
    "print([w.rsplit('/', 1)[-1][:3] for w in open('/proc/self/cmdline').read().split('\\0')], open('/proc/self/comm').read())",
    "arguments": "import sys; print([a.rsplit('/', 1)[-1][:3] for a in sys.orig_argv], sys.argv[0].rsplit('/')[-1], len(sys.argv))",
    "folder": "import os, multiprocessing.process as p; print(os.getcwd(), p.ORIGINAL_DIR)",
    "streams": "import sys; print([(s.fileno(), s.encoding, s.errors, s.line_buffering) for s in (sys.__stdout__, sys.__stderr__)])",
    "caches": "import platform, tempfile, time, locale; print(platform.node(), tempfile.gettempdir(), time.tzname, locale.getlocale())",
    "plotting": "import matplotlib as m; m.get_backend(); print(m.rcParams['lines.linewidth'], m.get_configdir())\n"
    "print({k: v for k, v in m.rcParams.items() if not k.startswith('backend')} == dict(m.rcParamsOrig) or 'as set')",
    "threads": "import numpy, SimpleITK, ctypes, glob, re\n"
    "found = sorted({l.split()[-1] for l in open('/proc/self/maps') if re.search('openblas', l)})\n"
    "for f in found:\n"
    "    l = ctypes.CDLL(f)\n"
    "    for n in ('scipy_openblas_get_num_threads64_', 'scipy_openblas_get_num_threads', 'openblas_get_num_threads'):\n"
    "        if hasattr(l, n) and 'numpy' in f: print(getattr(l, n)())\n"
    "print(SimpleITK.ProcessObject.GetGlobalDefaultNumberOfThreads())",
    "collector": "import gc; print(gc.isenabled(), gc.get_threshold())",
    "log": "import logging, sys\nimport skrt\n"
    "print([(n, type(h).__name__, h.stream.closed) for n, l in sorted(logging.root.manager.loggerDict.items())"
    " if isinstance(l, logging.Logger) for h in l.handlers if n.startswith(('skrt', 'root'))], logging.root.handlers)",
    "limits": "import resource as r, os; print(r.getrlimit(r.RLIMIT_NOFILE), r.getrlimit(r.RLIMIT_CORE), os.nice(0), os.umask(0o22))",
    "import path": "import sys; print(sys.path, sys.flags, sys.executable, sys.prefix)",
    "files": "import os; print(sorted(t for t in (os.readlink(f'/proc/self/fd/{n}').split(':')[0] for n in os.listdir('/proc/self/fd')"
    " if os.path.exists(f'/proc/self/fd/{n}')) if t.startswith('/') and t != '/dev/null' and 'history' not in t and '/proc' not in t))",
    "group": "import os; print(os.getpgid(0) == os.getpid() == os.getsid(0))",
    "rights": "print([l for l in open('/proc/self/status') if l[:3] in ('Cap', 'NoN', 'Sec', 'Uid', 'Gro')])",
}
# GDCM_RESOURCES_PATH is set by importing pydicom's decoders, which here has happened: a plain kernel has it from then on.
VOLATILE = "VOLATILE = {'JPY_PARENT_PID', 'SKRT_WARDEN_SOCKET', 'JPY_SESSION_NAME', 'GDCM_RESOURCES_PATH', ''}"
JOB: dict[str, Any] = {
    "ways": ["warden", "plain"],
    "files": {".config/matplotlib/matplotlibrc": "lines.linewidth: 7.5\n", "tmp/x": ""},
    "variables": {"TMPDIR": "/home/jovyan/tmp", "TZ": "Asia/Tokyo", "MINE": "ü"},
}


def facts(server: Server, names: list[str]) -> tuple[list[str], list[str]]:
    forked, plain = server.drive([VOLATILE, *(FACTS[name] for name in names)], **JOB)
    assert forked["kind"] == "ForkedKernel", forked["log"]
    assert plain["kind"] == "Popen"
    return forked["answers"][1:], plain["answers"][1:]


def test_a_forked_kernel_sees_what_a_plain_one_sees(server: Server) -> None:
    names = list(FACTS)
    forked, plain = facts(server, names)
    for name, mine, theirs in zip(names, forked, plain, strict=True):
        assert "Error" not in theirs, (name, theirs)
        assert mine == theirs, name


@pytest.mark.parametrize("mend", SHOWN)
def test_without_its_mend_each_difference_shows(new_server: Any, mend: str) -> None:
    forked, plain = facts(new_server("--home", "/nobody", "--without", mend), [mend])
    assert forked != plain


def test_a_forked_kernel_whose_home_is_not_the_zygotes_sees_its_own(new_server: Any) -> None:
    forked, plain = facts(new_server("--home", "/nobody"), ["home", "variables", "caches", "plotting", "import path"])
    assert forked == plain
    assert "/home/jovyan/.local" in forked[0]


def test_importing_skrt_changes_plots_only_when_it_is_imported(new_server: Any, server: Server) -> None:
    look = "import matplotlib.pyplot as p; print(p.rcParams['figure.figsize'], p.rcParams['font.size'])"
    cells = [look, "import skrt.patient; from skrt import Image; print(skrt.__spec__.origin, skrt.__loader__)", look]
    forked, plain = server.drive(cells, ways=["warden", "plain"])
    assert [a.split(" object at")[0] for a in forked["answers"]] == [a.split(" object at")[0] for a in plain["answers"]]
    assert forked["answers"][0] != forked["answers"][2]
    early, plain = new_server("--without", "deferral").drive([look], ways=["warden", "plain"])
    assert early["answers"] != plain["answers"]


RANDOM = (
    "import random, uuid, ssl, secrets, multiprocessing.process as p, numpy as np, tempfile\n"
    "import json; print(json.dumps({'random': random.random(), 'numpy': np.random.rand(), 'generator': np.random.default_rng().random(),"
    "'uuid4': uuid.uuid4().hex, 'uuid1': uuid.uuid1().hex, 'ssl': ssl.RAND_bytes(8).hex(), 'secrets': secrets.token_hex(),"
    "'key': bytes(p.current_process().authkey).hex(), 'file': tempfile.mktemp()}))"
)


def drawn(server: Server) -> list[dict[str, Any]]:
    return [json.loads(told["answers"][0]) for told in server.drive([RANDOM], ways=["warden", "warden"])]


def test_no_two_kernels_draw_the_same(server: Server) -> None:
    first, second = drawn(server)
    third, _ = drawn(server)
    for name in first:
        assert len({first[name], second[name], third[name]}) == 3, name


@pytest.mark.parametrize(("mend", "drawn_same"), [("randomness", "numpy"), ("keys", "key")])
def test_without_its_mend_two_kernels_draw_the_same(new_server: Any, mend: str, drawn_same: str) -> None:
    first, second = drawn(new_server("--without", mend))
    assert first[drawn_same] == second[drawn_same]


def test_every_mend_is_tested_here() -> None:
    assert set(mends.MENDS) == {*SHOWN, "randomness", "keys"}


def test_threads_at_the_start_forbid_the_fork(new_server: Any) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("with one processor there are no threads to start")
    server = new_server("--without", "threads at the start")
    with pytest.raises(ForkServerUnavailable):
        server.spawn(server.document(server.home("bob"), ("/bin/true",)))
    assert "threads run in the zygote" in server.log.read_text()
    assert server.zygote.wait(20) == 3


def test_nothing_that_waits_to_be_written_is_written_twice(new_server: Any) -> None:
    for arguments, expected in (((), 1), (("--without", "flush"), 2)):
        server = new_server(*arguments)
        server.drive(["1"])
        server.stop()
        text = server.log.read_text() + server.log_of()
        assert text.count("fork server: ready") >= expected
        assert (text.count("fork server: ready") == 1) == (expected == 1)


def test_secrets_and_open_files_of_the_hub_do_not_reach_the_template(new_server: Any, tmp_path: Path) -> None:
    secret = tmp_path / "cookie_secret"
    secret.write_text("hush")
    descriptor = os.open(secret, os.O_RDONLY)
    options = {"env": {"PATH": "/usr/bin:/bin", "PROXY_TOKEN": "hush"}, "pass_fds": [descriptor]}
    try:
        for arguments, found in (((), False), (("--without", "empty environment"), True)):
            server = new_server(*arguments, **options)
            folder = Path("/proc", str(server.zygote.pid))
            variables = (folder / "environ").read_bytes()
            files = [str(link.readlink()) for link in (folder / "fd").iterdir()]
            assert (b"hush" in variables) is found
            assert (str(secret) in files) is found
    finally:
        os.close(descriptor)


def test_a_template_with_an_open_file_does_not_fork(new_server: Any, tmp_path: Path) -> None:
    secret = tmp_path / "cookie_secret"
    secret.write_text("hush")
    descriptor = os.open(secret, os.O_RDONLY)
    try:
        server = new_server("--without", "descriptors", pass_fds=[descriptor])
    finally:
        os.close(descriptor)
    with pytest.raises(ForkServerUnavailable):
        server.spawn(server.document(server.home("bob"), ("/bin/true",)))
    assert "cookie_secret" in server.log.read_text()


@pytest.mark.parametrize(
    ("deed", "words"),
    [
        ("import asyncio; asyncio.set_event_loop(asyncio.new_event_loop())", "event loop"),
        ("import zmq; zmq.Context.instance()", "ZeroMQ"),
        ("import threading, time; threading.Thread(target=time.sleep, args=(5,), daemon=True).start()", "threads"),
        ("import matplotlib.pyplot as p; p.switch_backend('agg')", "backend"),
        ("from ipykernel.kernelapp import IPKernelApp; IPKernelApp.instance()", "application"),
    ],
)
def test_loops_contexts_and_threads_in_the_template_are_refused(server: Server, deed: str, words: str) -> None:
    script = f"from skrt_workspace.forkserver import preload\npreload.assert_clean()\n{deed}\npreload.assert_clean()"
    variables = {"OPENBLAS_NUM_THREADS": "1", "PATH": "/usr/bin:/bin", "MPLCONFIGDIR": str(server.root)}
    done = subprocess.run(
        [server.python, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env=variables,
        cwd="/",
        **server.user,
    )
    assert "NotClean" in done.stderr
    assert words in done.stderr.splitlines()[-1]


def test_hash_seed_and_addresses_change_when_the_template_is_replaced(new_server: Any, until: Any) -> None:
    server = new_server("--lifetime", "4")
    cell = "print(hash('x'), id(len))"
    first, second = server.drive([cell], ways=["warden", "warden"])
    assert first["answers"] == second["answers"]  # shared within one zygote: why it is replaced daily
    pid = server.zygote.pid
    until(lambda: "ready" in server.log.read_text() and not server.socket.exists(), 60)
    until(server.socket.exists, 60)
    assert server.zygote.pid == pid
    assert server.zygote.poll() is None
    (third,) = server.drive([cell])
    assert third["answers"] != first["answers"]


def test_only_the_hubs_user_can_ask(server: Server) -> None:
    assert server.socket.stat().st_mode & 0o777 == 0o600
    if server.kind != "root":
        pytest.skip("another user is needed")
    server.socket.chmod(0o666)
    try:
        script = (
            f"import socket; s = socket.socket(socket.AF_UNIX); s.connect({str(server.socket)!r}); "
            "s.sendall(b'{}'); s.shutdown(1); print(s.recv(100), 'answered')"
        )
        done = subprocess.run(
            ["/usr/bin/python3", "-c", script],
            user=65534,
            group=65534,
            extra_groups=[],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        server.socket.chmod(0o600)
    assert done.stdout.strip() in ("", "b'' answered")  # closed, before or after the request was read
    assert "another user was refused" in server.log.read_text()


def test_a_request_that_is_not_a_document_is_answered_with_the_error(server: Server) -> None:
    if server.user:
        pytest.skip("the socket is the other user's")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(server.socket))
        connection.sendall(b'{"home": 1}')
        connection.shutdown(socket.SHUT_WR)
        told = json.loads(connection.recv(65536))
    assert told["kind"] == "DocumentError"
    assert server.zygote.poll() is None


def test_one_participants_request_is_not_in_the_memory_of_the_next(server: Server) -> None:
    token = "t0ken-of-the-first"
    server.drive(["1"], variables={"JUPYTERHUB_API_TOKEN": token})
    cell = (
        "found = 0\n"
        "for line in open('/proc/self/maps'):\n"
        "    span, rights = line.split()[:2]\n"
        "    if 'r' not in rights or '[v' in line: continue\n"
        "    start, end = (int(x, 16) for x in span.split('-'))\n"
        "    with open('/proc/self/mem', 'rb') as memory:\n"
        "        memory.seek(start)\n"
        "        try: found += memory.read(end - start).count(b'x' * 0 + bytes(reversed(b'tsrif-eht-fo-nek0t')))\n"
        "        except OSError: pass\n"
        "print(found)"
    )
    (told,) = server.drive([cell])
    assert told["answers"] == ["0\n"]


def test_killing_the_template_harms_nobody_and_starts_fall_back(new_server: Any, alive: Any) -> None:
    server = new_server()
    running = server.spawn(server.document(server.home("bob"), ("/bin/sleep", "600")))
    server.zygote.kill()
    server.zygote.wait()
    assert alive(running)
    with pytest.raises(ForkServerUnavailable):
        server.spawn(server.document(server.home("bob2"), ("/bin/true",)))
    server.start()
    assert server.drive(["print(1)"])[0]["answers"] == ["1\n"]
    assert alive(running)


def test_a_template_that_is_told_to_end_ends_and_leaves_the_socket_of_the_next(new_server: Any) -> None:
    server = new_server()
    first = server.zygote
    server.start()  # a second one at the same place
    marker = server.environment / "skrt-hub-environment.json"
    if os.access(marker, os.W_OK):
        os.utime(marker)  # a changed environment must not turn an end into a new beginning
    first.terminate()
    assert first.wait(20) == 0
    assert server.socket.exists()
    assert server.drive(["print(1)"])[0]["answers"] == ["1\n"]


def test_the_first_process_is_not_taken_for_a_template(server: Server) -> None:
    identity = server.spawn(server.document(server.home("named"), ("/bin/sleep", "600")))
    shown = Path("/proc", str(identity.pid), "cmdline").read_bytes()
    assert shown.startswith(b"skrt-hub-sandbox")
