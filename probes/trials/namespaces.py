"""Namespaces, each judged by its effect: the inode in /proc/self/ns changed, the first process is 1."""

from __future__ import annotations

import os

from arch import kernel
from probes.trials.attempt import Failed, become_root, call, enter, in_child, inode

FLAGS = {
    "mount": "CLONE_NEWNS",
    "uts": "CLONE_NEWUTS",
    "ipc": "CLONE_NEWIPC",
    "net": "CLONE_NEWNET",
    "cgroup": "CLONE_NEWCGROUP",
    "time": "CLONE_NEWTIME",
}
LINKS = {"mount": "mnt", "time": "time_for_children"}


def namespace(kind: str, mode: str) -> str:
    """A namespace of one of FLAGS; PID and user namespaces are told apart below."""
    link = "/proc/self/ns/" + LINKS.get(kind, kind)
    before = inode(link)
    enter(mode, getattr(kernel, FLAGS[kind]))
    after = inode(link)
    if not after:
        return "this kernel does not show the namespace's inode"
    if after == before:
        raise Failed(f"unshare({FLAGS[kind]})", 0, "succeeded, and made no namespace")
    return f"{os.path.basename(link)}:[{before}] became [{after}]"


def first_process() -> str:
    if kernel.getpid() != 1:
        raise Failed("getpid()", 0, f"the first process of the new PID namespace is {kernel.getpid()}")
    return "the child is process 1"


def pid_by_unshare(mode: str) -> str:
    enter(mode, kernel.CLONE_NEWPID)
    return in_child(first_process)


def pid_by_clone(mode: str) -> str:
    if mode == "user":
        become_root()
    return in_child(first_process, lambda: kernel.clone(kernel.CLONE_NEWPID))


def user() -> str:
    before = inode("/proc/self/ns/user")
    become_root()
    effective = kernel.capget()[0]
    if not effective:
        raise Failed("capget()", 0, "no capability inside the new user namespace")
    return f"user:[{before}] became [{inode('/proc/self/ns/user')}], capabilities {effective:#x}"


def user_nested(scratch: str) -> str:
    """What rootless containers do first: a mount namespace and a mount inside a user namespace."""
    enter("user", kernel.CLONE_NEWNS)
    call("mount(tmpfs)", kernel.mount, "tmpfs", scratch, "tmpfs", 0, "size=16k")
    return "tmpfs mounted inside"


def setns(mode: str) -> str:
    """Entering mount and PID namespaces that a child made, as exec does."""
    if mode == "user":
        become_root()
    ready, release = os.pipe(), os.pipe()
    pid = call("clone(CLONE_NEWPID|CLONE_NEWNS)", kernel.clone, kernel.CLONE_NEWPID | kernel.CLONE_NEWNS)
    if pid == 0:
        os.close(release[1])
        os.write(ready[1], b".")
        os.read(release[0], 1)
        os._exit(0)
    try:
        os.close(release[0])
        os.read(ready[0], 1)
        return _enter(pid)
    finally:
        os.close(release[1])
        os.waitpid(pid, 0)


def _enter(pid: int) -> str:
    links = {kind: call(f"open(/proc/PID/ns/{kind})", os.open, f"/proc/{pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)
             for kind in ("mnt", "pid")}  # fmt: skip
    wanted = inode(f"/proc/{pid}/ns/mnt")
    for kind, descriptor in links.items():
        call(f"setns({kind})", kernel.setns, descriptor, 0)
    if inode("/proc/self/ns/mnt") not in (wanted, 0):
        raise Failed("setns(mnt)", 0, "succeeded, and entered nothing")

    def inside() -> str:
        if kernel.getpid() != 2:
            raise Failed("setns(pid)", 0, f"the child has pid {kernel.getpid()}, not 2")
        return "entered both"

    return in_child(inside)
