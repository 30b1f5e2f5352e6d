"""Children that live in real cgroups, and which cgroups this machine has to put them in."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path
from typing import Callable

import pytest

from backends.cgroups import layout
from backends.cgroups.folder import Folder
from backends.cgroups.group import HierarchyCgroup

LAYOUT = layout.read()
V2_CONTROLLERS = frozenset(Folder(LAYOUT.v2).find("cgroup.controllers").split() if LAYOUT.v2 else ())
MIB = 1 << 20
DENY_ALL = {"allow": False, "access": "rwm"}

needs_v1 = pytest.mark.skipif("memory" not in LAYOUT.v1, reason="cgroup v1 is not mounted here")
needs_cpuset = pytest.mark.skipif(
    "cpuset" not in {*LAYOUT.v1, *V2_CONTROLLERS},
    reason="no cpuset here",
)
needs_v2 = pytest.mark.skipif(not LAYOUT.v2, reason="cgroup v2 is not mounted here")


def inside(group: HierarchyCgroup, action: Callable[[], int]) -> int:
    """Starts a child that joins and then runs `action`; its pid, once it has joined."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 99
        try:
            for file in group.joining():
                Path(file).write_text("0")
            os.write(writer, b"j")
            status = action()
        finally:
            os._exit(status)
    os.close(writer)
    assert os.read(reader, 1) == b"j"
    os.close(reader)
    return child


def status_of(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def sleep() -> int:
    while True:
        signal.pause()


def fork_many(count: int) -> int:
    """How many children could not be made."""
    refused = 0
    for _ in range(count):
        try:
            if os.fork() == 0:
                sleep()
        except OSError as error:
            assert error.errno == errno.EAGAIN
            refused += 1
    return refused


def use(size: int) -> int:
    block = bytearray(size)
    for place in range(0, size, 4096):
        block[place] = 1
    return 0
