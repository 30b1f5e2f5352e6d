"""What a process can do to itself and to others: descriptors of processes, clone3, capabilities, limits."""

from __future__ import annotations

import os
import resource
import signal

from arch import kernel
from probes.trials.attempt import USER, Failed, become_root, call, in_child

CAP_CHOWN = 0


def no_new_privs() -> str:
    call("prctl(PR_SET_NO_NEW_PRIVS)", kernel.set_no_new_privs)
    if kernel.prctl(kernel.PR_GET_NO_NEW_PRIVS) != 1:
        raise Failed("prctl(PR_GET_NO_NEW_PRIVS)", 0, "not set although the call succeeded")
    return ""


def subreaper() -> str:
    """An orphaned grandchild must become ours."""
    call("prctl(PR_SET_CHILD_SUBREAPER)", kernel.set_child_subreaper)
    reader, writer = os.pipe()
    middle = os.fork()
    if middle == 0:
        os.close(reader)
        if os.fork() == 0:
            os.read(reader_of_nothing(), 1)
            os._exit(7)
        os._exit(0)
    os.close(writer)
    os.waitpid(middle, 0)
    _, status = call("wait() for the orphan", os.wait)
    if os.WEXITSTATUS(status) != 7:
        raise Failed("wait()", 0, f"another child than the orphan answered (status {status})")
    return "the orphan became ours"


def reader_of_nothing() -> int:
    """A descriptor at its end: reading it returns at once."""
    return os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)


def pidfd() -> str:
    descriptor = call("pidfd_open()", kernel.pidfd_open, os.getpid())
    call("pidfd_send_signal()", kernel.pidfd_send_signal, descriptor, 0)
    return ""


def clone3() -> str:
    return in_child(lambda: "", lambda: int(call("clone3()", kernel.clone3, 0)))


def clone_into_cgroup(scratch: str) -> str:
    """`scratch` is a new cgroup's folder on v2; the runner removes it."""
    call("mkdir(cgroup)", os.mkdir, scratch)
    descriptor = os.open(scratch, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def inside() -> str:
        with open("/proc/self/cgroup", encoding="ascii") as file:
            if os.path.basename(scratch) not in file.read():
                raise Failed("clone3(CLONE_INTO_CGROUP)", 0, "succeeded, and the child is elsewhere")
        return ""

    return in_child(inside, lambda: int(call("clone3(CLONE_INTO_CGROUP)", kernel.clone3, 0, descriptor)))


def close_range() -> str:
    descriptor = os.dup(0)
    call("close_range()", kernel.close_range, descriptor, descriptor, 0)
    try:
        os.fstat(descriptor)
    except OSError:
        return ""
    raise Failed("close_range()", 0, "the descriptor is still open")


def openat2() -> str:
    root = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    call("openat2()", kernel.openat2, root, "self/status", os.O_RDONLY | os.O_CLOEXEC, 0, kernel.RESOLVE_IN_ROOT)
    return ""


def ambient(mode: str) -> str:
    """Raising one: the older prctl is known to be refused on some kernels that have the call."""
    if mode == USER:
        become_root()
    effective, permitted, _ = call("capget()", kernel.capget)
    call("capset()", kernel.capset, effective, permitted, 1 << CAP_CHOWN)
    call("prctl(PR_CAP_AMBIENT_RAISE)", kernel.ambient_raise, CAP_CHOWN)
    return ""


def capabilities(mode: str) -> str:
    """Giving up one from the bounding set and from the others."""
    if mode == USER:
        become_root()
    call("prctl(PR_CAPBSET_DROP)", kernel.bounding_drop, CAP_CHOWN)
    effective, permitted, inheritable = call("capget()", kernel.capget)
    call("capset()", kernel.capset, effective & ~1, permitted & ~1, inheritable & ~1)
    if kernel.bounding_has(CAP_CHOWN) or kernel.capget()[0] & 1:
        raise Failed("capset()", 0, "CAP_CHOWN is still there")
    return f"the last capability is {kernel.last_capability()}"


def keyring() -> str:
    serial = call("keyctl(KEYCTL_JOIN_SESSION_KEYRING)", kernel.keyctl_join_session, None)
    return f"serial {serial}"


def raise_limit() -> str:
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if hard != resource.RLIM_INFINITY:
        wish = hard + 1
    else:  # nothing to raise there: lower it, then try to come back
        resource.setrlimit(resource.RLIMIT_CORE, (0, 4096))
        wish = 8192
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, wish))
    except ValueError as error:  # Python's way to say EPERM
        raise Failed("setrlimit()", 1, str(error)) from error
    return f"hard limit raised to {wish}"


def hang() -> str:
    """Never answers, ignores the polite signals and leaves a child that does the same: what the runner's tests try."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.fork()
    while True:
        signal.pause()
