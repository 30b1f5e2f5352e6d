"""How a container is doing, from what is really there."""

from __future__ import annotations

import os

from runtime import records
from runtime.containers import state
from runtime.containers.groups import reopen
from runtime.containers.record import CREATED, CREATING, Record
from runtime.errors import Damaged
from runtime.paths import Paths
from runtime.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CREATING_NOW = "creating"
NEVER_STARTED = "created"
RUNNING = "running"
PAUSED = "paused"
RESTARTING = "restarting"
EXITED = "exited"
REMOVING = "removing"
INTERRUPTED = "interrupted"  # whoever was at work on it was killed; the next command repairs it


class Status(Value):
    """`name` as above. `exit` is the last end's record ({"code", "started", "finished", "oom", "error"}), or empty;
    `live` is the running monitor's ({"pid", "start_time", "cgroup", "started", ...}), or empty."""

    name: str
    live: dict[str, Any]
    exit: dict[str, Any]

    @property
    def running(self) -> bool:
        return self.name in (RUNNING, PAUSED)

    @property
    def busy(self) -> bool:
        """Whether a monitor is at work on it."""
        return self.name in (RUNNING, PAUSED, RESTARTING)

    @property
    def pid(self) -> int:
        return int(self.live.get("pid", 0)) if self.running else 0


def observe(paths: Paths, record: Record) -> Status:
    identifier = record["id"]
    lock = state.lock(paths, identifier)
    try:
        held = not lock.acquire(shared=True, wait=False)
    finally:
        lock.release()
    if held:
        return _held(record, _live(paths, identifier), _last_exit(paths, identifier))
    return observe_unlocked(paths, record)


def observe_unlocked(paths: Paths, record: Record) -> Status:
    """The same where it is known that no other process is at work on the container."""
    identifier = record["id"]
    last, live = _last_exit(paths, identifier), _live(paths, identifier)
    if live or os.path.exists(paths.marker(identifier)) or record["phase"] != CREATED:
        return Status(INTERRUPTED, live, last)
    return Status(EXITED if last.get("started") else NEVER_STARTED, {}, last)


def _held(record: Record, live: dict[str, Any], last: dict[str, Any]) -> Status:
    if record["phase"] != CREATED:
        return Status(CREATING_NOW if record["phase"] == CREATING else REMOVING, {}, last)
    if not live or not state.alive(live["pid"], live["start_time"]):
        return Status(RESTARTING, live, last)
    return Status(PAUSED if frozen(live) else RUNNING, live, last)


def _live(paths: Paths, identifier: str) -> dict[str, Any]:
    try:
        return state.read(paths, identifier) or {}
    except Damaged:  # torn by a crash of the machine; it says nothing that is still true
        return {}


def _last_exit(paths: Paths, identifier: str) -> dict[str, Any]:
    try:
        return records.load(paths.exit(identifier))
    except (FileNotFoundError, Damaged):
        return {}


def frozen(live: dict[str, Any]) -> bool:
    return bool(live.get("cgroup")) and reopen(live).frozen()
