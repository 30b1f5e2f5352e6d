"""What was asked beside what the kernel shows, from a container of 6.18 that was written down and is then changed."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runtime.isolation import report
from runtime.isolation.borders import decode
from runtime.isolation.comparison import compare
from runtime.isolation.limits import agree
from runtime.isolation.row import AS_ASKED, BROKEN, DIFFERS, MET, NARROWER, UNKNOWN, UNSURE, WEAKER, Row, status

RECORDED = json.loads((Path(__file__).parent / "container.json").read_text())


def rows(change: Callable[[dict[str, Any], dict[str, Any]], object] = lambda config, observed: None) -> list[Row]:
    both = copy.deepcopy(RECORDED)
    change(both["config"], both["observed"])
    return compare(both["config"], both["observed"])


def row(name: str, change: Callable[[dict[str, Any], dict[str, Any]], object]) -> Row:
    return next(found for found in rows(change) if found.name == name)


def replace(name: str, old: str, new: str) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    def change(config: dict[str, Any], observed: dict[str, Any]) -> None:
        assert old in observed["texts"][name]
        observed["texts"][name] = observed["texts"][name].replace(old, new)

    return change


def drop(point: str) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    """Somebody unmounted it."""

    def change(config: dict[str, Any], observed: dict[str, Any]) -> None:
        lines = observed["texts"]["mountinfo"].splitlines()
        kept = [line for line in lines if line.split(" ")[4] != point]
        assert len(kept) < len(lines)
        observed["texts"]["mountinfo"] = "\n".join(kept)

    return change


def limit(name: str, value: str) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    def change(config: dict[str, Any], observed: dict[str, Any]) -> None:
        line = next(line for line in observed["cgroup"] if line[0] == name)
        line[3] = value

    return change


def test_a_container_as_it_was_made_is_as_asked() -> None:
    assert [found for found in rows() if found.verdict != AS_ASKED] == []
    assert status(rows()) == MET
    assert {found.area for found in rows()} == {
        "namespaces", "users", "capabilities", "restrictions", "files", "limits", "cgroup", "devices",
    }  # fmt: skip


CHANGES: list[tuple[str, Callable[[dict[str, Any], dict[str, Any]], object], str]] = [
    ("pid", lambda config, seen: seen["namespaces"].update(pid=["pid:[1]", "pid:[1]", ""]), WEAKER),
    ("pid", lambda config, seen: seen["namespaces"].update(pid=["", "", ""]), UNKNOWN),
    ("user", lambda config, seen: seen["namespaces"].update(user=["user:[2]", "user:[1]", ""]), NARROWER),
    ("seccomp", replace("status", "Seccomp:\t2", "Seccomp:\t0"), WEAKER),
    ("seccomp", replace("status", "Seccomp_filters:\t1", "Seccomp_filters:\t0"), WEAKER),
    ("seccomp", replace("status", "Seccomp:\t2\n", ""), UNKNOWN),
    ("seccomp", lambda config, seen: config["linux"].pop("seccomp"), NARROWER),
    ("bounding", replace("status", "CapBnd:\t00000000a80425fb", "CapBnd:\t00000000a82425fb"), WEAKER),
    ("effective", replace("status", "CapEff:\t00000000a80425fb", "CapEff:\t0000000000000000"), NARROWER),
    ("ambient", replace("status", "CapAmb:\t0000000000000000\n", ""), AS_ASKED),
    ("no_new_privs", lambda config, seen: config["process"].update(noNewPrivileges=True), WEAKER),
    ("no_new_privs", replace("status", "NoNewPrivs:\t0", "NoNewPrivs:\t1"), NARROWER),
    ("LSM label", lambda config, seen: config["process"].update(apparmorProfile="docker-default"), WEAKER),
    ("root", replace("mountinfo", " / / ro,", " / / rw,"), WEAKER),
    ("/proc/interrupts", drop("/proc/interrupts"), WEAKER),
    ("/proc/sys", drop("/proc/sys"), WEAKER),
    ("/dev/shm", drop("/dev/shm"), WEAKER),
    ("nofile", replace("limits", "100                  200", "100                  9000"), WEAKER),
    ("nofile", replace("limits", "100                  200", "50                   200"), NARROWER),
    ("oom score", lambda config, seen: seen["texts"].update(oom_score_adj="0\n"), WEAKER),
    ("pids.limit", limit("pids.limit", "90"), WEAKER),
    ("pids.limit", limit("pids.limit", "max"), WEAKER),
    ("pids.limit", limit("pids.limit", "9"), DIFFERS),
    ("memory.limit", limit("memory.limit", "9223372036854771712"), WEAKER),
    ("memory.limit", limit("memory.limit", ""), WEAKER),
    ("cpu.cpus", limit("cpu.cpus", "0-1"), DIFFERS),
    ("memory", lambda config, seen: seen.update(astray=["memory"]), WEAKER),
    ("rules", lambda config, seen: seen.update(devices=seen["devices"] + "\nb 254:0 rwm"), WEAKER),
    ("rules", lambda config, seen: seen.update(devices="a *:* rwm"), WEAKER),
    ("rules", lambda config, seen: seen.update(devices=""), UNKNOWN),
    ("rules", lambda config, seen: seen.update(devices="", programs=0), WEAKER),
    ("rules", lambda config, seen: seen.update(devices="", programs=1), AS_ASKED),
    ("user", lambda config, seen: config["process"]["user"].update(uid=5), WEAKER),
]


@pytest.mark.parametrize(("name", "change", "verdict"), CHANGES)
def test_whatever_was_changed_is_found(
    name: str, change: Callable[[dict[str, Any], dict[str, Any]], object], verdict: str
) -> None:
    found = [one for one in rows(change) if one.name == name]
    assert verdict in {one.verdict for one in found}


def test_a_user_inside_is_looked_for_under_its_number_outside() -> None:
    def mapped(config: dict[str, Any], observed: dict[str, Any]) -> None:
        for kind in ("uid", "gid"):
            config["linux"][f"{kind}Mappings"] = [{"containerID": 0, "hostID": 100000, "size": 65536}]
            observed["texts"][f"{kind}_map"] = "         0     100000      65536\n"
        status_ = observed["texts"]["status"]
        observed["texts"]["status"] = status_.replace("Uid:\t0\t0\t0\t0", "Uid:\t100000\t100000\t100000\t100000")

    assert row("uid map", mapped).verdict == AS_ASKED
    assert (row("uid map", mapped).found, row("group", mapped).verdict) == ("0-65535 is 100000-165535", WEAKER)
    assert [found.verdict for found in rows(mapped) if found.area == "users" and found.name == "user"] == [AS_ASKED]


def test_a_joined_namespace_is_the_one_that_was_named() -> None:
    def joined(its: str) -> Row:
        def change(config: dict[str, Any], observed: dict[str, Any]) -> None:
            entry = next(one for one in config["linux"]["namespaces"] if one["type"] == "network")
            entry["path"] = "/proc/7/ns/net"
            observed["namespaces"]["network"] = [its, "net:[1]", "net:[7]"]

        return row("network", change)

    assert [joined(its).verdict for its in ("net:[7]", "net:[1]", "net:[9]")] == [AS_ASKED, WEAKER, DIFFERS]


@pytest.mark.parametrize(
    ("wanted", "text", "same"),
    [
        ("max", "max", True),
        ("-1", "9223372036854771712", True),
        ("67108864", "67108864", True),
        ("67110000", "67108864", True),
        ("50", "51", False),
        ("8:0 rbps=1048576", "8:0 rbps=1048576 wbps=max riops=max wiops=max", True),
        ("8:0 rbps=1048576", "8:16 rbps=1048576 wbps=max", False),
        ("8:0 1048576", "8:16 5\n8:0 1048576", True),
        ("default 100", "default 100", True),
        ("0-1", "0", False),
        ("0,1,2,5", "0-2,5", True),
        ("1", "0-1", False),
        ("max", "", False),
    ],
)
def test_files_of_cgroups_are_read_as_the_kernel_writes_them(wanted: str, text: str, same: bool) -> None:
    assert agree(wanted, text) is same


def test_an_unknown_capability_goes_by_its_number() -> None:
    assert decode(1 << 63 | 1) == {"CAP_CHOWN", "CAP_63"}


def test_the_status_tells_weaker_from_unreadable() -> None:
    one = [Row("a", "b", "x", "y", verdict) for verdict in (AS_ASKED, NARROWER)]
    assert status(one) == MET
    assert status([*one, Row("a", "b", "x", "", UNKNOWN)]) == UNSURE
    assert status([*one, Row("a", "b", "x", "", UNKNOWN), Row("a", "b", "x", "y", DIFFERS)]) == BROKEN


def test_the_text_marks_every_difference() -> None:
    record = {"name": "n", "id": "i", "isolation": [{"guarantee": "pause", "given": False, "why": "no freezer"}]}
    said, cells = report.lines(record, 7, rows(limit("pids.limit", "90")))
    assert said == [f"n: process 7, of {len(cells)} things asked: 1 weaker", "  without pause: no freezer"]
    assert [cell for cell in cells if cell[0] != " "] == [["!", "cgroup", "pids.limit", "50", "90", "pids.max"]]
