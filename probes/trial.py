"""Runs one trial: an operation of the kernel attempted in a forked, timed child that leaves nothing behind.

The child is the leader of a process group of its own, so that ending the group ends whatever the trial forked; mounts
and interfaces live in namespaces that end with it; folders are made and removed here, outside the child, so that they
go even when the child hangs.
"""

from __future__ import annotations

import contextlib
import itertools
import marshal
import os
import select
import signal
import stat
import time
import warnings
from collections.abc import Callable
from typing import Any

from probes.errors import ProbeError
from probes.host import Outcome, Trial
from probes.trials import cgroups, emulation, layers, mounts, namespaces, network, processes, security, storage
from probes.trials.attempt import errno_name, report

# name -> (function, what its first argument is): "folder", in which the runner makes a scratch folder; "cgroup", in
# which the trial may make one whose name the runner chooses; "", nothing.
TRIALS: dict[str, tuple[Callable[..., str], str]] = {
    "namespace": (namespaces.namespace, ""),
    "namespace.user": (namespaces.user, ""),
    "namespace.user.nested": (namespaces.user_nested, "folder"),
    "namespace.pid.unshare": (namespaces.pid_by_unshare, ""),
    "namespace.pid.clone": (namespaces.pid_by_clone, ""),
    "namespace.setns": (namespaces.setns, ""),
    "process.no_new_privs": (processes.no_new_privs, ""),
    "process.subreaper": (processes.subreaper, ""),
    "process.pidfd": (processes.pidfd, ""),
    "process.clone3": (processes.clone3, ""),
    "process.clone_into_cgroup": (processes.clone_into_cgroup, "cgroup"),
    "process.close_range": (processes.close_range, ""),
    "process.openat2": (processes.openat2, ""),
    "process.ambient": (processes.ambient, ""),
    "process.capabilities": (processes.capabilities, ""),
    "process.keyring": (processes.keyring, ""),
    "process.rlimits.raise": (processes.raise_limit, ""),
    "mount.bind": (mounts.bind, "folder"),
    "mount.propagation": (mounts.propagation, "folder"),
    "mount.pivot_root": (mounts.pivot_root, "folder"),
    "mount.move": (mounts.move, "folder"),
    "mount.api": (mounts.api, "folder"),
    "mount.setattr": (mounts.setattr_, "folder"),
    "mount.idmap": (mounts.idmap, "folder"),
    "mount.proc": (mounts.proc, "folder"),
    "mount.sysfs": (mounts.sysfs, "folder"),
    "mount.tmpfs": (mounts.tmpfs, "folder"),
    "mount.devpts": (mounts.devpts, "folder"),
    "mount.mqueue": (mounts.mqueue, "folder"),
    "mount.kind": (mounts.kind, "folder"),
    "seccomp.filter": (security.filter_, ""),
    "seccomp.syscall": (security.syscall, ""),
    "seccomp.action": (security.action, ""),
    "lsm.landlock": (security.landlock, ""),
    "storage.overlay": (layers.overlay, "folder"),
    "storage.overlay.legacy": (layers.overlayfs, "folder"),
    "storage.aufs": (layers.aufs, "folder"),
    "storage.fuse": (layers.fuse, "folder"),
    "storage.btrfs": (storage.btrfs, "folder"),
    "storage.devicemapper": (storage.devicemapper, "folder"),
    "storage.loop": (storage.loop, "folder"),
    "storage.reflink": (storage.reflink, "folder"),
    "storage.copy_file_range": (storage.copy_range, "folder"),
    "storage.d_type": (storage.entry_types, "folder"),
    "storage.exchange": (storage.exchange, "folder"),
    "storage.whiteout": (storage.whiteout, "folder"),
    "storage.xattr": (storage.attribute, "folder"),
    "storage.chown": (storage.chown, "folder"),
    "storage.device_nodes": (storage.device_node, "folder"),
    "cgroup.create": (cgroups.create, "cgroup"),
    "cgroup.devices": (cgroups.devices, "cgroup"),
    "network.netlink": (network.netlink, ""),
    "network.loopback": (network.loopback, ""),
    "network.veth": (network.veth, ""),
    "network.bridge": (network.bridge, ""),
    "network.nftables": (network.nftables, ""),
    "network.iptables": (network.iptables, ""),
    "emulation.run": (emulation.run, "folder"),
    "runner.hang": (processes.hang, ""),
}

LIMIT = 5.0  # seconds; a network file system that does not answer is the usual reason to reach it
_PATIENCE = 1.0  # seconds for a killed child to go: one stuck in the kernel is left to it
_scratch = itertools.count()


def run(trial: Trial, limit: float = LIMIT) -> Outcome:
    """ProbeError for a name that is not registered; every other failure is the outcome."""
    if trial.name not in TRIALS:
        raise ProbeError(f"no trial is called {trial.name!r}")
    function, first = TRIALS[trial.name]
    arguments = list(trial.arguments)
    scratch = ""
    try:
        if first:
            scratch = arguments[0] = _place(arguments[0], first)
        return _run(lambda: function(*arguments), limit)
    except OSError as error:
        return Outcome(False, errno_name(error.errno), "mkdir()", f"no scratch folder: {error}")
    finally:
        if first == "folder" and scratch:
            remove(scratch)
        elif scratch:
            _remove_cgroup(scratch)


def _place(where: str, kind: str) -> str:
    name = f".trial-{os.getpid()}-{next(_scratch)}"
    if kind == "cgroup":
        return os.path.join(where, name[1:])
    while not os.path.isdir(where) and where not in ("", "/"):  # a store that is not made yet: where it would be
        where = os.path.dirname(where)
    path = os.path.join(where or "/", name)
    os.mkdir(path, 0o700)
    return path


def _run(function: Callable[[], str], limit: float) -> Outcome:
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 warns where threads exist. The child calls the kernel and waits for no lock of theirs.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        _be_child(function, writer)
    os.close(writer)
    try:
        with contextlib.suppress(OSError):  # so that the group exists whoever comes first
            os.setpgid(pid, pid)
        answer = _answer(reader, time.monotonic() + limit)
    finally:
        os.close(reader)
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)
        status = _reap(pid)
    if answer is None:
        return Outcome(False, detail=f"did not end within {limit:g} s", timeout=True)
    if not answer:
        return Outcome(False, detail=f"ended by {_signal(status)} without an answer")
    ok, name, failing, detail = marshal.loads(answer)
    return Outcome(ok, name, failing, detail)


def _be_child(function: Callable[[], str], writer: int) -> Any:
    """Never returns."""
    try:
        os.setpgid(0, 0)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGALRM):
            signal.signal(number, signal.SIG_DFL)
        nothing = os.open("/dev/null", os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        os.write(writer, report(function))
    finally:
        os._exit(0)


def _answer(reader: int, deadline: float) -> bytes | None:
    """What the child wrote, b"" if it ended without a word, None at the deadline.

    One write of less than PIPE_BUF comes whole, and waiting for the end of the file would wait for grandchildren.
    """
    ready, _, _ = select.select([reader], [], [], max(0.0, deadline - time.monotonic()))
    return os.read(reader, 65536) if ready else None


def _reap(pid: int) -> int:
    deadline = time.monotonic() + _PATIENCE
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done or time.monotonic() > deadline:
            return status
        time.sleep(0.0005)


def _signal(status: int) -> str:
    if not os.WIFSIGNALED(status):
        return f"exit status {os.WEXITSTATUS(status)}"
    try:
        return signal.Signals(os.WTERMSIG(status)).name
    except ValueError:
        return f"signal {os.WTERMSIG(status)}"


def remove(path: str) -> None:
    """Removes a scratch tree, also the folders of mode 000 that overlay makes. What cannot go is left, not an error:
    the answer is worth more."""
    with contextlib.suppress(OSError):
        if stat.S_ISDIR(os.lstat(path).st_mode):
            os.chmod(path, 0o700)
            for name in os.listdir(path):
                remove(os.path.join(path, name))
            os.rmdir(path)
        else:
            os.unlink(path)


def _remove_cgroup(path: str) -> None:
    """The members have been killed; the kernel may need a moment to see that they are gone."""
    deadline = time.monotonic() + _PATIENCE
    while os.path.isdir(path):
        try:
            os.rmdir(path)
        except OSError:
            if time.monotonic() > deadline:
                return
            time.sleep(0.001)
