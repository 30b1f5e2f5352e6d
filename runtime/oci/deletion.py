"""The end of a container: everything that it holds, and the hooks that are to know. On the launch path."""

from __future__ import annotations

import os

from backends.errors import BackendError
from runtime.errors import Problem
from runtime.oci.container import STOPPED, Container
from runtime.oci.errors import Refused, words
from runtime.oci.placement import forget

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.oci.journal import Journal

_SIGKILL = 9
_SOON, _PATIENCE, _PAUSE = 0.5, 10.0, 0.01  # seconds


def destroy(container: Container, journal: Journal) -> None:
    """Whatever lives in it is killed, its cgroup and its folder are removed; poststop hooks that fail are told."""
    cgroup = container.cgroup()
    if container.record["creating"] or not container.own_processes():
        cgroup.kill()
    if container.record.get("trace"):
        from runtime.oci.host import execution_backend

        execution_backend(container.record["execution"]).clear(container.record["trace"])
    cgroup.remove()
    if container.record.get("intel_rdt") is not None:
        from backends.cgroups.resctrl import forget as forget_shares

        forget_shares(container.record["intel_rdt"], container.identifier)
    config: dict[str, Any] = {}
    if container.record["hooks"]:
        try:
            config = container.config()
        except (Problem, OSError) as error:
            journal.warning(f"poststop hooks are not run: {words(error)}")
    container.remove()
    if config.get("hooks"):
        _tell(container, config, journal)


def abandon(container: Container) -> None:
    """What a creator left that was killed before it could note what it had made: at most empty cgroups."""
    try:
        config = container.config()
    except FileNotFoundError:
        config = {}
    forget((config.get("linux") or {}).get("cgroupsPath"), container.identifier)
    container.remove()


def _tell(container: Container, config: dict[str, Any], journal: Journal) -> None:
    from backends.execution import hooks

    state = container.state(STOPPED)
    for number, hook in enumerate(hooks.read(config, "poststop")):
        try:
            hooks.execute(hook, "poststop", number, state)
        except (BackendError, OSError) as error:  # the rest goes on: runtime-spec, "Lifecycle"
            journal.warning(f"poststop hook: {words(error)}")


def kill(container: Container) -> None:
    """Its first process (or its creator, which takes that with it), and with it or one by one all others; returns when
    the first one is gone."""
    record = container.record
    try:
        send(container, _SIGKILL)
    except Refused:
        pass  # it has ended
    else:
        _await(container)
    if record["creating"] or not container.own_processes():
        container.cgroup().kill()


def send(container: Container, number: int) -> None:
    """To exactly its first process. Refused."""
    from backends.execution.namespaces.signals import send as deliver

    try:
        deliver(container.record["pid"], container.record["start_time"], number)
    except ProcessLookupError:
        raise Refused("container not running") from None
    if number == _SIGKILL and container.record["cgroups"]:
        cgroup = container.cgroup()
        if cgroup.frozen():  # what v1 has stopped acts on it only when it is let go
            cgroup.thaw()


def _await(container: Container) -> None:
    """Until its first process is a zombie at least: somebody else is its parent. Refused."""
    pid = container.record["pid"]
    if _ends(pid, _SOON):
        return
    try:
        # Somebody may have put it into a frozen cgroup of his, where SIGKILL waits: back in its own it is let go.
        container.cgroup().add(pid)
    except (BackendError, OSError):
        pass  # then only waiting is left
    if not _ends(pid, _PATIENCE):
        raise Refused("the process does not end: it waits in the kernel")


def _ends(pid: int, seconds: float) -> bool:
    from arch import kernel

    try:
        descriptor = kernel.pidfd_open(pid)
    except ProcessLookupError:
        return True
    except OSError:  # before Linux 5.3
        import time

        limit = time.monotonic() + seconds
        while _runs(pid) and time.monotonic() < limit:
            time.sleep(_PAUSE)
        return not _runs(pid)
    import select

    try:
        waiting = select.poll()
        waiting.register(descriptor, select.POLLIN)
        return bool(waiting.poll(seconds * 1000))
    finally:
        os.close(descriptor)


def _runs(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb", 0) as stream:
            return stream.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except (FileNotFoundError, ProcessLookupError):
        return False
