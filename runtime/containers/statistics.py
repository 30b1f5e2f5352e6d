"""`stats`: what running containers use."""

from __future__ import annotations

import os
import time

from runtime.containers.control import Target, cgroup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


def sample(target: Target) -> dict[str, Any]:
    """The counters of `Cgroup.statistics`, with the moment, the identifier and the name; and the network's, summed
    over the interfaces of its namespace: {"network": {"received": bytes, "sent": bytes}}."""
    found: dict[str, Any] = {
        "id": target.identifier,
        "name": target.record["name"],
        "time": time.monotonic_ns(),
        "pid": target.status.pid,
        "network": _network(target.status.pid),
    }
    found.update(cgroup(target).statistics())
    return found


def _network(pid: int) -> dict[str, int]:
    received = sent = 0
    try:
        with open(f"/proc/{pid}/net/dev") as file:
            lines = file.read().splitlines()[2:]
    except OSError:
        return {}
    for line in lines:
        name, _, numbers = line.partition(":")
        if name.strip() != "lo":
            fields = numbers.split()
            received += int(fields[0])
            sent += int(fields[8])
    return {"received": received, "sent": sent}


def processor_share(before: dict[str, Any], after: dict[str, Any]) -> float:
    """Percent of one CPU used between two samples."""
    elapsed = after["time"] - before["time"]
    used = after.get("cpu", {}).get("usage", 0) - before.get("cpu", {}).get("usage", 0)
    return 100.0 * used / elapsed if elapsed > 0 else 0.0


def rows(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """The figures that `stats` shows, by name."""
    memory = after.get("memory", {})
    limit = memory.get("limit") or 0
    if limit <= 0:  # not limited: what there is
        limit = _memory_of_host()
    yield "cpu_percent", processor_share(before, after)
    yield "memory_usage", memory.get("usage", 0)
    yield "memory_limit", limit
    yield "memory_percent", 100.0 * memory.get("usage", 0) / limit if limit else 0.0
    yield "network_received", after["network"].get("received", 0)
    yield "network_sent", after["network"].get("sent", 0)
    yield "block_read", after.get("io", {}).get("read", 0)
    yield "block_written", after.get("io", {}).get("written", 0)
    yield "pids", after.get("pids", {}).get("current", 0)


def _memory_of_host() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
