"""Putting right what a killed program, or a killed machine, left of a container."""

from __future__ import annotations

import _signal as signal
import os
import time

from backends.execution.chroot.remains import unmount_below
from backends.storage.removal import remove_tree
from runtime import records
from runtime.containers import record as containers
from runtime.containers import removal, state, status
from runtime.containers.groups import reopen
from runtime.containers.record import Record
from runtime.monitor.log import timestamp
from runtime.paths import Paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KILLED = 137  # what a process that SIGKILL ended is reported with


def repair(paths: Paths, record: Record) -> str:
    """One sentence about what was found and done; empty if there was nothing to do, or another one is doing it."""
    identifier = record["id"]
    lock = state.lock(paths, identifier)
    if not lock.acquire(wait=False):
        return ""
    try:
        found = status.observe_unlocked(paths, record)
        if found.name != status.INTERRUPTED:
            return ""
        label = f"container {record.get('name') or identifier[:12]}"
        if record["phase"] != containers.CREATED:
            interrupted = "creation" if record["phase"] == containers.CREATING else "removal"
            removal.remove_all(paths, record)
            return f"{label}: its {interrupted} was interrupted; what was left of it has been removed"
        end_processes(found.live)
        _record_end(paths, record, found)
        _clear(paths, identifier)
        if record.get("auto_remove"):
            removal.remove_all(paths, record)
            return f"{label}: its monitor was killed; its processes were ended, and it was removed as --rm asked"
        return f"{label}: its monitor was killed; its processes were ended and its resources released"
    finally:
        lock.release()


def end_processes(live: dict[str, Any]) -> None:
    """Kills what outlived its monitor, and removes the cgroup."""
    pid, started = int(live.get("pid", 0)), int(live.get("start_time", 0))
    if state.alive(pid, started):
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 5
        while state.alive(pid, started) and time.monotonic() < deadline:
            time.sleep(0.005)
    if live.get("cgroup"):
        cgroup = reopen(live)
        cgroup.kill()
        cgroup.remove()
    if live.get("trace"):
        from backends import catalogue

        catalogue.load("execution", live["execution"])().clear(live["trace"])


def _record_end(paths: Paths, record: Record, found: status.Status) -> None:
    started = float(found.live.get("started") or 0) or os.path.getmtime(paths.record(record["id"]))
    records.store(
        paths.exit(record["id"]),
        {
            "code": KILLED,
            "oom": False,
            "error": "its monitor was killed, or the machine stopped",
            "started": timestamp(int(started * 1e9)),
            "finished": timestamp(time.time_ns()),
            "restarts": int(found.live.get("restarts") or 0),
            "leftovers": [],
        },
        state.SCHEMA,
    )


def clear_run(paths: Paths, identifier: str) -> None:
    """Ends what may still run of a container whose record is gone, and removes what its run had."""
    end_processes(state.read(paths, identifier) or {})
    _clear_run(paths, identifier)


def _clear(paths: Paths, identifier: str) -> None:
    _clear_run(paths, identifier)
    remove_tree(paths.marker(identifier))


def _clear_run(paths: Paths, identifier: str) -> None:
    # Mounts are here only where the monitor could not have a mount namespace of its own, or was not to.
    for mounted in (paths.rootfs(identifier), paths.shared_memory(identifier)):
        unmount_below(mounted)
    remove_tree(paths.run(identifier))
