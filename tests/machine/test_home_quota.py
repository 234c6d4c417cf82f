"""Limits for homes held by the kernel: an ext4 and an XFS image with quotas, two participants, and files for real."""

import contextlib
import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from skrt_hub.files import read_json
from skrt_hub.homes import kernel_quota
from skrt_hub.homes.quota import full_shared, look_at_shared, tell_usage
from skrt_hub.hub import shared_folders
from skrt_hub.layout import Layout
from skrt_hub.settings.model import Settings
from skrt_workspace.home import space

ANNA, BOB = 70001, 70002
MB = 1_000_000


MAKE = {"ext4": ("mkfs.ext4", "-q", "-F", "-O", "quota"), "xfs": ("mkfs.xfs", "-q", "-f")}
HELD = ["ext4 usrquota", "xfs uquota"]
COUNTED = ["ext4 defaults", "xfs uqnoenforce"]


@pytest.fixture
def layout(request: pytest.FixtureRequest) -> Iterator[Layout]:
    """A hub whose state lies on a file system that keeps quotas."""
    kind, option = request.param.split()
    if os.geteuid() != 0 or shutil.which(MAKE[kind][0]) is None:
        pytest.skip(f"a file system can only be made and mounted by root, with {MAKE[kind][0]}")
    base = Path(tempfile.mkdtemp(prefix="skrt-hub-quota-"))
    base.chmod(0o755)  # the participants' user ids must get through
    image, disk = base / "image", base / "disk"
    disk.mkdir()
    with image.open("wb") as stream:
        stream.truncate(320 * MB)
    subprocess.run([*MAKE[kind], str(image)], check=True)
    mount = ["mount", "-t", kind, "-o", f"loop,{option}", str(image), str(disk)]
    done = subprocess.run(mount, check=False, capture_output=True, text=True)
    if done.returncode:
        shutil.rmtree(base)
        pytest.skip(f"this kernel keeps no quotas for {kind}: {done.stderr.strip().splitlines()[0]}")
    disk.chmod(0o755)
    try:
        made = Layout(disk)
        made.homes.mkdir(mode=0o711)
        for name, uid in (("anna", ANNA), ("bob", BOB)):
            made.home(name).mkdir(mode=0o700)
            os.chown(made.home(name), uid, uid)
        yield made
    finally:
        subprocess.run(["umount", str(disk)], check=True)
        shutil.rmtree(base)


def write_as(uid: int, path: Path, size: int, groups: Sequence[int] = ()) -> int:
    """Write as a participant would; 0, or the number of the error."""
    child = os.fork()
    if child == 0:
        code = 99
        with contextlib.suppress(BaseException):
            os.setgroups(list(groups))
            os.setgid(uid)
            os.setuid(uid)
            try:
                with path.open("wb", buffering=0) as stream:
                    for _ in range(size // 100_000):
                        stream.write(bytes(100_000))
                    os.fsync(stream.fileno())
                code = 0
            except OSError as error:
                code = error.errno or 98
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("layout", HELD, indirect=True)
def test_the_kernel_stops_one_home_and_no_other(layout: Layout) -> None:
    settings = Settings.model_validate({"limits": {"home": "5 MB"}})
    assert write_as(ANNA, layout.home("anna") / "first", 3 * MB) == 0
    tell_usage(settings, layout, "anna")
    usage = read_json(layout.notices("anna") / space.USAGE)
    assert usage is not None
    assert usage["held"] is True
    held = kernel_quota.limit_of(layout.home("anna"), ANNA)
    assert held is not None
    assert 0 <= held - 5 * MB < 4096, "rounded up to a whole block of the file system"

    assert write_as(ANNA, layout.home("anna") / "second", 10 * MB) == errno.EDQUOT
    assert write_as(BOB, layout.home("bob") / "large", 20 * MB) == 0, "the neighbour has room"
    tell_usage(settings, layout, "anna")
    measured = space.measure(layout.home("anna"), layout.notices("anna"))
    assert measured.state == "full"
    assert "Delete files" in space.warning(measured)

    (layout.home("anna") / "second").unlink()
    assert write_as(ANNA, layout.home("anna") / "third", 1 * MB) == 0, "with room again, work goes on"
    tell_usage(Settings(), layout, "anna")
    assert kernel_quota.limit_of(layout.home("anna"), ANNA) == 0, "no limit in hub.yaml: none is left"
    assert write_as(ANNA, layout.home("anna") / "fourth", 10 * MB) == 0


@pytest.mark.parametrize("layout", COUNTED, indirect=True)
def test_a_file_system_that_counts_and_stops_nobody_is_not_relied_on(layout: Layout) -> None:
    tell_usage(Settings.model_validate({"limits": {"home": "1 MB"}}), layout, "anna")
    usage = read_json(layout.notices("anna") / space.USAGE)
    assert usage is not None
    assert usage["held"] is False
    assert write_as(ANNA, layout.home("anna") / "first", 3 * MB) == 0


@pytest.mark.parametrize("layout", ["ext4 grpquota", "xfs gquota"], indirect=True)
def test_the_kernel_stops_a_shared_folder_and_no_home(layout: Layout) -> None:
    settings = Settings.model_validate({"shared": [{"name": "project", "size": "5 MB"}]})
    layout.root.chmod(0o711)
    folder = shared_folders.ensure(layout, "project", root=True)
    gid = folder.stat().st_gid
    assert look_at_shared(settings, layout)["project"]["limit"] == 5 * MB
    assert write_as(ANNA, folder / "first", 3 * MB, groups=[gid]) == 0
    assert write_as(BOB, folder / "second", 10 * MB, groups=[gid]) == errno.EDQUOT
    look_at_shared(settings, layout)
    assert "/shared/project is full" in full_shared(layout, settings)[0]
    assert write_as(BOB, layout.home("bob") / "large", 20 * MB) == 0, "their homes have room"
    (folder / "second").unlink()
    assert full_shared(layout, settings) == []
    look_at_shared(Settings.model_validate({"shared": [{"name": "project"}]}), layout)
    assert kernel_quota.limit_of(folder, gid, kernel_quota.GROUP) == 0, "no size in hub.yaml: no limit is left"


def test_without_quotas_the_limit_is_watched(tmp_path: Path) -> None:
    if kernel_quota.limit_of(tmp_path, ANNA) is not None:
        pytest.skip("the tests' own file system keeps quotas")
    assert kernel_quota.set_limit(tmp_path, ANNA, 5 * MB) is False
