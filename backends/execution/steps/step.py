"""What every step is, and what it may use. On the launch path."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.contract import Cgroup, Stdio
    from backends.execution.channel import Channel

# Which process executes a step. INIT: the container's first process, when a program of ours is that (--init).
PARENT = "parent"
CHILD = "child"
INIT = "init"


class Step:
    """One thing that starting a container does.

    A step changes only its own process and namespaces, so that the end of the process takes it back; what a step in the
    parent changes belongs to that process too.
    """

    __slots__ = ()
    place = CHILD

    def describe(self) -> str:
        """What it will do, as an infinitive: "mount proc on /proc"."""
        raise NotImplementedError

    def execute(self, context: Context) -> None:
        """OSError, or StepFailed for what is better said in words."""
        raise NotImplementedError

    def take(self, context: Context, descriptor: int) -> None:
        """In the child: what the parent's execution left in `context.handed`, as the child's own descriptor."""
        raise NotImplementedError


class Context:
    """What the steps of one start share. After the fork, parent and child each have a copy.

    channel   this process's end
    cloned    the child was begotten in its v2 cgroup already
    handed    a descriptor that a step in the parent has for the child, or -1
    pid       the child, as the parent sees it
    root      the container's root, an open folder, or -1 before it is opened
    held      open roots of the mounts of proc and sysfs in it, by their destination
    sources   open files by path, for sources that the container's root may not reach by path (user namespaces)
    trees     detached mounts by the number of their place in config.json's `mounts`
    terminal  the slave of the container's terminal, or -1
    program   the file that will be executed
    head      its first bytes
    folder    where it is, an open folder, if it cannot be read; else -1
    name      its name there
    gate      the socket at which to wait when the parent leaves, or -1
    interpreter  (device, inode) of our own interpreter, which no container may execute
    """

    __slots__ = (
        "cgroup",
        "channel",
        "cloned",
        "folder",
        "gate",
        "handed",
        "head",
        "held",
        "interpreter",
        "name",
        "pid",
        "program",
        "root",
        "sources",
        "stdio",
        "steps",
        "terminal",
        "trees",
    )

    def __init__(
        self,
        steps: list[Any],
        stdio: Stdio,
        cgroup: Cgroup | None,
        channel: Channel,
        interpreter: tuple[int, int],
    ) -> None:
        self.steps = steps
        self.stdio = stdio
        self.cgroup = cgroup
        self.channel = channel
        self.interpreter = interpreter
        self.cloned = False
        self.gate = -1
        self.handed = -1
        self.pid = 0
        self.root = -1
        self.held: dict[str, int] = {}
        self.sources: dict[str, int] = {}
        self.trees: dict[int, int] = {}
        self.terminal = -1
        self.program = ""
        self.head = b""
        self.folder = -1
        self.name = ""

    def leave(self) -> None:
        """The root has become our own: nothing is reached by descriptors any more."""
        for descriptor in (self.root, *self.held.values()):
            os.close(descriptor)
        self.root = -1
        self.held.clear()
