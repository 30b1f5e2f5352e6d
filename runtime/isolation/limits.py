"""Resource limits, the OOM score, cgroup limits and device rules as the kernel shows them. Pure."""

from __future__ import annotations

from backends.cgroups.controllers.devices import Rules, spelled
from backends.cgroups.limits import restricts
from runtime.isolation.row import AS_ASKED, DIFFERS, NARROWER, UNKNOWN, WEAKER, Row, same

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# setrlimit(2)'s names -> those of /proc/PID/limits
_RLIMITS = {
    "RLIMIT_CPU": "Max cpu time", "RLIMIT_FSIZE": "Max file size", "RLIMIT_DATA": "Max data size",
    "RLIMIT_STACK": "Max stack size", "RLIMIT_CORE": "Max core file size", "RLIMIT_RSS": "Max resident set",
    "RLIMIT_NPROC": "Max processes", "RLIMIT_NOFILE": "Max open files", "RLIMIT_MEMLOCK": "Max locked memory",
    "RLIMIT_AS": "Max address space", "RLIMIT_LOCKS": "Max file locks", "RLIMIT_SIGPENDING": "Max pending signals",
    "RLIMIT_MSGQUEUE": "Max msgqueue size", "RLIMIT_NICE": "Max nice priority",
    "RLIMIT_RTPRIO": "Max realtime priority", "RLIMIT_RTTIME": "Max realtime timeout",
}  # fmt: skip
_INFINITE = 2**64 - 1
_UNLIMITED = 0x7FFFFFFFFFFF0000  # v1's greatest number of whole pages, of whatever size
_MOST_PAGE = 65536
_MOST_NUMBERS = 1 << 16


def rlimits(config: dict[str, Any], observed: dict[str, Any]) -> list[Row]:
    return [_rlimit(limit, observed["texts"]["limits"]) for limit in config["process"].get("rlimits") or ()]


def _rlimit(limit: dict[str, Any], text: str) -> Row:
    name = limit["type"].replace("RLIMIT_", "").lower()
    wanted = f"{_endless(limit['soft'])}, at most {_endless(limit['hard'])}"
    title = _RLIMITS.get(limit["type"], "?")
    line = next((line for line in text.splitlines() if line.startswith(title)), "")
    words = line[len(title) :].split()
    if len(words) < 2:
        return Row("limits", name, wanted, "", UNKNOWN)
    found = f"{words[0]}, at most {words[1]}"
    greater = _count(words[1]) > int(limit["hard"])
    return same("limits", name, wanted, found, WEAKER if greater else NARROWER)


def _endless(value: int) -> str:
    return "unlimited" if value >= _INFINITE or value < 0 else str(value)


def _count(text: str) -> int:
    return int(text) if text.isdigit() else _INFINITE


def oom(config: dict[str, Any], observed: dict[str, Any]) -> list[Row]:
    asked = config["process"].get("oomScoreAdj")
    if asked is None:
        return []
    found = observed["texts"]["oom_score_adj"].strip()
    lower = found.lstrip("-").isdigit() and int(found) < int(asked)
    return [same("limits", "oom score", str(asked), found, WEAKER if lower else NARROWER)]


def cgroup(config: dict[str, Any], observed: dict[str, Any]) -> list[Row]:
    rows = [_limit(*line) for line in observed["cgroup"]]
    astray = [
        Row("cgroup", names, "the process in it", "not in it", WEAKER, "its limits do not hold it")
        for names in observed["astray"]
    ]
    return rows + astray


def _limit(name: str, file: str, wanted: str, text: str) -> Row:
    if not file:
        return Row("cgroup", name, wanted, "", WEAKER, "no cgroup of this container has the controller")
    if not text:
        return Row("cgroup", name, wanted, "", WEAKER, f"{file} is gone or empty")
    # Huge pages are rounded down to whole ones, of whatever size they are.
    if agree(wanted, text) or (file.startswith("hugetlb.") and 0 <= _number(text) <= _number(wanted)):
        return Row("cgroup", name, wanted, wanted, AS_ASKED, file)
    found = " ".join(text.split("\n")[:4])
    greater = _number(found) > _number(wanted) >= 0
    return Row("cgroup", name, wanted, found, WEAKER if greater else DIFFERS, file)


def agree(wanted: str, text: str) -> bool:
    """Whether a cgroup's file says what was written into it: the kernel rounds to pages, spells out "no limit" in
    several ways, and adds the rest of a line."""
    if wanted == text or wanted in text.splitlines():
        return True
    asked, found = _number(wanted), _number(text)
    if asked >= 0 and found >= 0:
        return asked == found or (asked >= _UNLIMITED <= found) or 0 <= asked - found < _MOST_PAGE <= asked
    members = _members(wanted)
    if members is not None and members == _members(text):
        return True
    words = wanted.split()
    lines = [line.split() for line in text.splitlines()]
    return len(words) > 1 and any(line[:1] == words[:1] and set(words) <= set(line) for line in lines)


def _members(text: str) -> frozenset[int] | None:
    """The numbers of a list such as "0-2,5" (cpuset(7)), which the kernel writes in its own way; None for no list."""
    found: set[int] = set()
    for item in text.strip().split(","):
        first, dash, last = item.partition("-")
        if not first.isdigit() or (dash and not last.isdigit()) or (dash and int(last) - int(first) > _MOST_NUMBERS):
            return None
        found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)


def _number(text: str) -> int:
    if text in ("max", "-1"):
        return _UNLIMITED
    return int(text) if text.isdigit() else -1


def devices(config: dict[str, Any], observed: dict[str, Any]) -> list[Row]:
    linux = config["linux"]
    nodes = [_node(device, observed["paths"]) for device in linux.get("devices") or ()]
    rows = [row for row in nodes if row.verdict != AS_ASKED]
    if nodes and not rows:
        rows = [Row("devices", "nodes", f"{len(nodes)} nodes", f"{len(nodes)} nodes")]
    wanted = (linux.get("resources") or {}).get("devices") or []
    if not restricts(wanted):
        return rows
    if observed["programs"] is not None:
        count = observed["programs"]
        verdict = AS_ASKED if count else WEAKER
        rows.append(Row("devices", "rules", "a BPF program", f"{count} attached", verdict))
    elif not observed["devices"]:
        rows.append(Row("devices", "rules", "only those granted", "", UNKNOWN, "the kernel does not show them to us"))
    else:
        rows.append(_rules(wanted, observed["devices"].splitlines()))
    return rows


def _rules(wanted: list[dict[str, Any]], lines: list[str]) -> Row:
    asked = {f"{spelled(key)} {access}" for key, access in Rules(wanted).exceptions.items()}
    more, fewer = set(lines) - asked, asked - set(lines)
    note = f"also {', '.join(sorted(more))}" if more else f"without {', '.join(sorted(fewer))}" if fewer else ""
    verdict = WEAKER if more else NARROWER if fewer else AS_ASKED
    return Row("devices", "rules", f"{len(asked)} kinds of device", f"{len(lines)} kinds of device", verdict, note)


def _node(device: dict[str, Any], paths: dict[str, str]) -> Row:
    kind = "c" if device["type"] == "u" else device["type"]
    asked = f"{kind} {device.get('major', 0)}:{device.get('minor', 0)}"
    found = paths.get(device["path"], "") if paths else ""
    if paths and not found:
        return Row("devices", device["path"], asked, "not there", NARROWER)
    return same("devices", device["path"], asked, found)
