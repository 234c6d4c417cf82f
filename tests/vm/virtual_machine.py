"""A Debian of the tests' own under qemu: systemd, control groups of version 2, users with a service manager, reboots.

The disk is made once, by mmdebstrap, in the folder that SKRT_HUB_TEST_VM names (by default one below the folder for
temporary files); each run works on a layer above it that is thrown away. It sees folders of this machine, read-only,
at their own paths: skrt-hub with its Python, and the participants' environment. Its only network is a way in by ssh.

SKRT_HUB_TEST_VM_EMULATED=1 does without KVM: ten times as slow, for a machine that is itself a slow virtual one.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess

RELEASE = "bookworm"
PACKAGES = (
    *("linux-image-amd64", "systemd-sysv", "udev", "dbus", "dbus-user-session", "libpam-systemd", "polkitd"),
    *("python3", "python3-venv", "openssh-server", "cron", "procps", "kmod", "iproute2", "nftables", "passt"),
)
USER = "anna"
_NEEDED = {"qemu-system-x86_64": "qemu-system-x86", "mmdebstrap": "mmdebstrap", "mke2fs": "e2fsprogs", "ssh": "ssh"}
_DISK = "12G"
_BOOTS = 600.0
_SSH = ("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-F", "none")

_NETWORK = "[Match]\nName=en* eth*\n[Network]\nDHCP=yes\n"
_SETTINGS = {
    "etc/hostname": "debian\n",
    "etc/hosts": "127.0.0.1 localhost debian\n::1 localhost\n",
    "etc/fstab": "/dev/vda / ext4 defaults 0 1\n",
    "etc/systemd/network/wired.network": _NETWORK,
    "etc/ssh/sshd_config.d/quick.conf": "UseDNS no\n",
}
_SHOW_FOLDERS = """[Unit]
DefaultDependencies=no
After=local-fs.target
Before=sysinit.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/show-folders
[Install]
WantedBy=sysinit.target
"""


def lacking() -> str:
    """Why there can be no such machine here; "" where there can."""
    missing = [package for program, package in _NEEDED.items() if shutil.which(program) is None]
    if missing:
        return f"needs the Debian packages: {', '.join(missing)}"
    if os.geteuid() != 0:
        return "needs root, which makes the disk"
    if emulated():
        return ""
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR))
    except OSError as error:
        return f"needs KVM: /dev/kvm: {error.strerror}"
    return ""


def emulated() -> bool:
    """Whether the processor is imitated by a program, and everything takes its time."""
    return bool(os.environ.get("SKRT_HUB_TEST_VM_EMULATED"))


def folder() -> Path:
    """Where the disk is kept."""
    return Path(os.environ.get("SKRT_HUB_TEST_VM") or Path(tempfile.gettempdir(), "skrt-hub-test-vm"))


def ensure_disk() -> Path:
    """The disk, with the kernel and a key beside it; made where it is not there."""
    place = folder()
    disk = place / "disk.raw"
    if disk.exists():
        return disk
    place.mkdir(parents=True, exist_ok=True)
    key = place / "key"
    if not key.exists():
        _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    root = place / "root"
    shutil.rmtree(root, ignore_errors=True)
    packages = ",".join(PACKAGES)
    # As a tar file it holds no devices of this machine's.
    _run("mmdebstrap", "--variant=minbase", f"--include={packages}", RELEASE, place / "root.tar")
    root.mkdir()
    _run("tar", "-C", root, "-xf", place / "root.tar")
    _furnish(root, key.with_suffix(".pub").read_text(encoding="ascii"))
    for name in ("vmlinuz", "initrd.img"):
        shutil.copy(next((root / "boot").glob(f"{name}-*")), place / name)
    _run("mke2fs", "-q", "-F", "-t", "ext4", "-d", root, place / "disk.new", _DISK)
    (place / "disk.new").rename(disk)
    shutil.rmtree(root)
    (place / "root.tar").unlink()
    return disk


def _furnish(root: Path, public_key: str) -> None:
    for name, text in _SETTINGS.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    _run("chroot", root, "useradd", "--create-home", "--shell", "/bin/bash", USER)
    _run("chroot", root, "systemctl", "enable", "systemd-networkd", "ssh")
    for home, owner in ((root / "root", "root"), (root / "home" / USER, USER)):
        (home / ".ssh").mkdir(mode=0o700, exist_ok=True)
        (home / ".ssh/authorized_keys").write_text(public_key, encoding="ascii")
        _run("chroot", root, "chown", "-R", f"{owner}:", f"/{home.relative_to(root)}/.ssh")


def _run(*words: str | Path) -> None:
    subprocess.run([str(word) for word in words], check=True, stdin=subprocess.DEVNULL)


@dataclass
class VirtualMachine:
    """One that runs."""

    port: int
    process: subprocess.Popen[bytes]
    console: Path
    shown: tuple[Path, ...] = ()
    own: Path | None = None
    led: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    def ssh(self, user: str, command: str, *, check: bool = True, deadline: float = 600) -> CompletedProcess[str]:
        """A command in that user's shell, after a log-in as by a person."""
        words = ["ssh", *self._options("-p"), f"{user}@127.0.0.1", command]
        done = subprocess.run(words, capture_output=True, text=True, timeout=deadline, check=False)
        assert done.returncode == 0 or not check, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def put(self, user: str, *files: Path) -> None:
        """Copy files into that user's home."""
        words = ["scp", "-q", *self._options("-P"), *map(str, files), f"{user}@127.0.0.1:"]
        subprocess.run(words, check=True, timeout=600)

    def write(self, user: str, path: str, text: str) -> None:
        """A file with this text."""
        self.ssh(user, f"printf %s {shlex.quote(text)} > {shlex.quote(path)}")

    def reboot(self) -> None:
        """As `reboot` typed by root; returns when one can log in again."""
        before = self.boot()
        for leading in self.led.values():
            leading.kill()
        self.led.clear()
        self.ssh("root", "systemctl reboot", check=False)
        self._wait_for(lambda: self.boot() not in ("", before))

    def show_folders(self) -> None:
        """Mount what is shared, below paths that everybody may pass; at each start, before anybody's programs."""
        lines = ["#!/bin/sh", "set -e"]
        for number, shown in enumerate(self.shown):
            lines += [
                f"mkdir -p {shown}",
                f"mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose share{number} {shown}",
                f"d={shown}; while [ $d != / ]; do d=$(dirname $d); chmod a+x $d; done",
            ]
        if self.own is not None:  # a layer of the machine's own, in which everybody may lock what is there
            layer = f"lowerdir={self.own},upperdir=/var/tmp/layer/up,workdir=/var/tmp/layer/work"
            lines += [
                "mkdir -p /var/tmp/layer/up /var/tmp/layer/work",
                f"mount -t overlay overlay -o {layer} {self.own}",
                f"chmod a+rwx {self.own}",
                f"touch {self.own}/*.lock; chmod a+rw {self.own}/*.lock",
            ]
        self.write("root", "/usr/local/sbin/show-folders", "\n".join(lines) + "\n")
        self.write("root", "/etc/systemd/system/show-folders.service", _SHOW_FOLDERS)
        self.ssh("root", "chmod +x /usr/local/sbin/show-folders && systemctl enable -q --now show-folders")

    def lead_to(self, port: int) -> int:
        """A port of this machine that leads to that port of the one inside, for as long as this one runs."""
        if port not in self.led:
            words = ["ssh", *self._options("-p"), "-N", "-L", f"{port}:127.0.0.1:{port}", "root@127.0.0.1"]
            self.led[port] = subprocess.Popen(words, stdin=subprocess.DEVNULL)
            for _ in range(100):
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                time.sleep(0.1)
        return port

    def boot(self) -> str:
        """The kernel's name for the time since the machine started; "" while nobody can log in."""
        try:
            return self.ssh("root", "cat /proc/sys/kernel/random/boot_id", check=False, deadline=10).stdout.strip()
        except subprocess.TimeoutExpired:
            return ""

    def wait_until_up(self) -> None:
        self._wait_for(lambda: self.boot() != "")

    def _wait_for(self, done: object) -> None:
        assert callable(done)
        end = time.monotonic() + _BOOTS
        while not done():
            assert self.process.poll() is None, self.console.read_text(errors="replace")[-3000:]
            assert time.monotonic() < end, self.console.read_text(errors="replace")[-3000:]
            time.sleep(0.5)

    def _options(self, port: str) -> list[str]:
        return [*_SSH, "-i", str(folder() / "key"), port, str(self.port)]


@contextmanager
def running(*shown: Path, own: Path | None = None, memory: int = 4096, processors: int = 2) -> Iterator[VirtualMachine]:
    """A machine as it was made, thrown away at the end.

    `shown`: folders of this machine that it sees; `own`: the one of them in which it may write, with no effect here.
    """
    disk = ensure_disk()
    with tempfile.TemporaryDirectory(prefix="layer-", dir=folder()) as work, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        probe.close()
        console, layer = Path(work, "console.txt"), Path(work, "disk.qcow2")
        _run("qemu-img", "create", "-q", "-f", "qcow2", "-b", disk, "-F", "raw", layer)
        process = subprocess.Popen(
            [
                *("qemu-system-x86_64", *_processor(), "-smp", str(processors), "-m", str(memory)),
                *("-kernel", folder() / "vmlinuz", "-initrd", folder() / "initrd.img"),
                *("-append", "root=/dev/vda rw console=ttyS0 quiet"),
                *("-drive", f"file={layer},if=virtio,cache=unsafe", "-display", "none", "-serial", f"file:{console}"),
                *("-netdev", f"user,id=wire,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:22"),
                *("-device", "virtio-net-pci,netdev=wire", "-device", "virtio-rng-pci"),
                *(word for number, path in enumerate(shown) for word in _share(number, path)),
            ],
            stdin=subprocess.DEVNULL,
        )
        machine = VirtualMachine(port, process, console, shown, own)
        try:
            machine.wait_until_up()
            machine.show_folders()
            yield machine
        finally:
            for leading in machine.led.values():
                leading.kill()
            process.kill()
            process.wait()


def _processor() -> tuple[str, ...]:
    # Some machines let nobody set the register that tells of the processor's own faults.
    known = ("-accel", "kvm", "-cpu", "host,arch-capabilities=off")
    return ("-accel", "tcg,thread=multi,tb-size=1024", "-cpu", "max") if emulated() else known


def _share(number: int, path: Path) -> tuple[str, ...]:
    return ("-virtfs", f"local,path={path},mount_tag=share{number},security_model=none,readonly=on")
