"""A real systemd as the first process of namespaces of its own, over this machine's own files: up in half a second.

It has a /run and a part of every cgroup hierarchy to itself, and no units but those it is born with.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable

from backends.cgroups import layout
from backends.cgroups.folder import Folder
from backends.cgroups.manager import STANDARD_V2, hand_down

PROGRAM = "/lib/systemd/systemd"
_NAME = f"runtime-systemd-{os.getpid()}"
_UNITS = "/run/units:/run/systemd/system.control:/run/systemd/transient"
_PATIENCE = 30.0


def _mounts() -> dict[str, str]:
    """Where each hierarchy is mounted -> what mounts it there again."""
    found = layout.read()
    together = found.hierarchies(frozenset(found.v1))
    answer = {}
    for names, top in together.items():
        options = f"none,{names}" if "=" in names else names
        answer[top] = f"-t cgroup -o {options} cgroup"
    if found.v2:
        answer[found.v2] = "-t cgroup2 cgroup2"
    return answer


def _script(mounts: dict[str, str]) -> str:
    """Beginning in the new namespaces, with the cgroup namespace's root where we are."""
    lines = ["set -e", "mount -t proc proc /proc", "mount -t tmpfs run /run", "mkdir /run/units /run/lock"]
    tops = sorted(mounts)
    lines.append("mount -t tmpfs cgroup /sys/fs/cgroup")  # the same cannot be mounted on itself
    for top in tops:
        lines += [f"mkdir -p {top}", f"mount {mounts[top]} {top}"]
    lines += [
        "printf '[Unit]\\nDescription=tests\\n' >/run/units/tests.target",
        f"export container=tests SYSTEMD_UNIT_PATH={_UNITS} SYSTEMD_LOG_TARGET=null",
        f"exec {PROGRAM} --system --unit=tests.target --show-status=no",
    ]
    return "\n".join(lines)


class Booted:
    """`pid` of systemd, as this machine sees it."""

    def __init__(self) -> None:
        self._mounts = _mounts()
        self._folders = [f"{top}/{_NAME}" for top in self._mounts]
        for top, folder in zip(self._mounts, self._folders):
            _make(top, folder)
            if Folder(top).has("cgroup.controllers"):
                hand_down(top, folder, STANDARD_V2)
        options = ["--pid", "--fork", "--kill-child", "--mount", "--cgroup", "--uts", "--ipc", "--propagation=private"]
        command = self._joined(self._folders, ["unshare", *options, "sh", "-c", _script(self._mounts)])
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.pid = 0
        try:
            _await(self._born)
            _await(lambda: self.systemctl("is-system-running").stdout in ("running\n", "degraded\n"))
        except BaseException:
            self.end()
            raise

    @staticmethod
    def _joined(folders: list[str], command: list[str]) -> list[str]:
        joins = "".join(f"echo 0 >{folder}/cgroup.procs && " for folder in folders)
        return ["sh", "-c", f'{joins}exec "$@"', "sh", *command]

    def _born(self) -> bool:
        if self._process.poll() is not None:
            assert self._process.stderr is not None
            raise RuntimeError(f"systemd did not start: {self._process.stderr.read().decode()}")
        with open(f"/proc/{self._process.pid}/task/{self._process.pid}/children") as file:
            children = file.read().split()
        if children and not self.pid:
            self.pid = int(children[0])
            for top in self._mounts:  # v2 hands nothing down while its parent sits where its root is
                Folder(top).write("cgroup.procs", str(self._process.pid))
        return bool(self.pid) and os.path.exists(f"/proc/{self.pid}/root/run/systemd/private")

    def within(self, *command: str) -> list[str]:
        """The command as one beside that systemd, in a cgroup of ours that it leaves alone."""
        for folder in self._folders:  # systemd sweeps up what is empty
            _make(folder, f"{folder}/tests")
        enter = ["nsenter", "-t", str(self.pid), "-p", "-m", "-u", "-i", "-C", f"--wd={os.getcwd()}", "--"]
        return self._joined([f"{folder}/tests" for folder in self._folders], [*enter, *command])

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.within(*command), capture_output=True, text=True, check=False, timeout=60)

    def systemctl(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run("systemctl", "--no-pager", *words)

    def shown(self, unit: str, *names: str) -> dict[str, str]:
        """Properties of a unit, as systemd tells them."""
        said = self.systemctl("show", unit, *(f"--property={name}" for name in names)).stdout
        return dict(line.split("=", 1) for line in said.splitlines())

    def read(self, file: str) -> str:
        """A file as one sees it there."""
        return self.run("cat", file).stdout.strip()

    def end(self) -> None:
        """With it ends all that lives in its PID namespace."""
        self._process.kill()
        self._process.communicate()
        for folder in self._folders:
            Folder(folder).remove(10.0)


def _make(above: str, folder: str) -> None:
    os.makedirs(folder, exist_ok=True)
    for name in ("cpuset.cpus", "cpuset.mems"):
        if Folder(folder).has(name) and not Folder(above).has("cgroup.controllers"):
            Folder(folder).write(name, Folder(above).read(name))


def _await(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError("systemd did not come up")
        time.sleep(0.05)


if __name__ == "__main__":  # a shell beside it, to look around
    booted = Booted()
    try:
        sys.exit(subprocess.call(booted.within("sh", "-c", shlex.join(sys.argv[1:]) or "sh")))
    finally:
        booted.end()
