"""Ordinary users of this machine, made for tests, and the command line as they call it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from probes import cache
from runtime.engine import Engine
from runtime.settings import settle
from tests.live.conftest import REPOSITORY, Runtime

_PACKAGES = Path(click.__file__).parents[1]
# A user namespace that holds a further one and no more: what is in that has none of its own to be had.
_LAST = 'echo 1 >/proc/sys/user/max_user_namespaces; exec unshare --user --map-user={0} --map-group={0} "$@"'


class Person:
    """With ranges of ids from useradd, or without."""

    def __init__(self, ranges: bool = True) -> None:
        self.name = f"rp{os.getpid()}{'r' if ranges else 's'}"
        self.home = tempfile.mkdtemp(prefix="runtime-person-", dir="/var/tmp")
        subprocess.run(["useradd", "-M", "-d", self.home, "-s", "/bin/sh", self.name], check=True)
        if not ranges:
            given = ["--del-subuids", "0-4294967294", "--del-subgids", "0-4294967294"]
            subprocess.run(["usermod", *given, self.name], check=True)
        self.uid = pwd.getpwnam(self.name).pw_uid
        os.chown(self.home, self.uid, self.uid)

    def command(self, *words: str) -> list[str]:
        return ["setpriv", f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups", "--inh-caps=-all", *words]

    def environment(self) -> dict[str, str]:
        return {"HOME": self.home, "PATH": os.defpath, "PYTHONPATH": f"{REPOSITORY}:{_PACKAGES}"}

    def interpreter(self) -> str:
        for path in (sys.executable, f"/usr/bin/python3.{sys.version_info[1]}"):
            # By a shell: setpriv itself has root's capabilities still when it executes a program.
            probe = self.command("sh", "-c", f"exec {path} -c 'import _cffi_backend, click'")
            done = subprocess.run(probe, cwd="/", env=self.environment(), capture_output=True, check=False)
            if done.returncode == 0:
                return path
        pytest.skip("an ordinary user may execute no interpreter that has our packages")

    def remove(self) -> None:
        subprocess.run(["userdel", self.name], check=True, capture_output=True)
        shutil.rmtree(self.home)


@dataclass(frozen=True)
class Ordinary(Runtime):
    """`namespaces`: whether user namespaces are to be had."""

    person: Person
    namespaces: bool = True

    def command(self, *arguments: str) -> list[str]:
        environment = [f"{name}={value}" for name, value in self.person.environment().items()]
        words = ["env", "-i", *environment, self.person.interpreter(), "-m", "runtime.cli.main", *arguments]
        if not self.namespaces:
            words = ["unshare", "-r", "sh", "-c", _LAST.format(self.person.uid), "sh", *words]
        return self.person.command(*words)

    @property
    def engine(self) -> Engine:
        """Root's view of his containers, with what he found out about the host."""
        engine = Engine(settle(self.root, self.state))
        newest = max(Path(self.state, "report").glob("*.report"), key=lambda path: path.stat().st_mtime)
        engine._report = cache.load(str(newest), None)
        return engine

    def left(self) -> list[str]:
        """The user's processes."""
        done = subprocess.run(["ps", "-o", "stat=,args=", "-u", str(self.person.uid)], capture_output=True, text=True)
        return [line for line in done.stdout.splitlines() if not line.startswith("Z")]


@contextmanager
def ordinary(ranges: bool = True, namespaces: bool = True) -> Iterator[Ordinary]:
    if os.geteuid() != 0:
        pytest.skip("privilege.root: not running as root")
    person = Person(ranges)
    try:
        root = f"{person.home}/.local/share/runtime"
        caller = Ordinary(root, f"{root}/state", person, namespaces)
        caller("doctor", status=None)
        yield caller
        for name in caller("ps", "-aq", "--no-trunc").stdout.split():
            caller("rm", "-f", name)
    finally:
        person.remove()
