"""The point at which lxc waits for us: a hook of its own, a script, and two pipes with names. On the launch path."""

from __future__ import annotations

import errno
import os
import select
import time

from backends.errors import StepFailed

_BORN = "born"
_GO = "go"
_TURN = 0.02  # seconds between two looks at whether lxc-start still lives
# LXC_PID is of LXC 2.1. The pipe named `go` ends when whoever holds it ends: nobody waits there for ever.
SCRIPT = """#!/bin/sh
cd "${0%/*}" || exit 1
echo "${LXC_PID:-0}" >born || exit 1
read -r word <go && [ "$word" = go ]
"""


class Gate:
    """Our side of it: `born` to be read, `go` to be written."""

    __slots__ = ("_born", "_folder", "_go")

    def __init__(self, folder: str) -> None:
        self._folder = folder
        for name in (_BORN, _GO):
            os.mkfifo(f"{folder}/{name}", 0o600)
        # Both ways, so that neither opening waits (fifo(7)).
        self._born = os.open(f"{folder}/{_BORN}", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._go = os.open(f"{folder}/{_GO}", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def await_birth(self, keeper: int, patience: float) -> int:
        """The container's first process, once all but its program is there; 0 if lxc-start has ended instead: then it
        waits to be reaped. StepFailed when the patience, in seconds, ends first."""
        deadline = time.monotonic() + patience
        while True:
            ready, _, _ = select.select([self._born], [], [], _TURN)
            if ready:
                return int(os.read(self._born, 64).split()[0]) or only_child(keeper)
            if os.waitid(os.P_PID, keeper, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                return 0
            if time.monotonic() > deadline:
                raise StepFailed("have lxc start the container", f"lxc-start said nothing in {patience:g} s")

    def open(self) -> None:
        os.write(self._go, b"go\n")

    def close(self) -> None:
        for descriptor in (self._born, self._go):
            if descriptor >= 0:
                os.close(descriptor)
        self._born = self._go = -1


def release(folder: str) -> None:
    """Ends the waiting of a hook whose gatekeeper is gone. Nobody there is success."""
    for name in (_BORN, _GO):
        try:
            os.close(os.open(f"{folder}/{name}", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC))
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENXIO):
                raise


def only_child(pid: int) -> int:
    """Before LXC 2.1 the hook runs in the container's PID namespace and knows no number of ours."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb", 0) as stream:
                    fields = stream.read().rpartition(b")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == pid:
                return int(name)
    raise StepFailed("find the container's first process", "lxc-start has no child")
