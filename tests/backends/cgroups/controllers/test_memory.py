from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backends.cgroups.controllers import memory
from backends.cgroups.folder import Folder
from backends.errors import CgroupError

MIB = 1 << 20


def folder(path: Path, **files: str) -> Folder:
    for name, text in files.items():
        (path / name.replace("__", ".")).write_text(text + "\n")
    return Folder(str(path))


def written(wish: dict[str, Any], where: Folder, version: int) -> list[tuple[str, str]]:
    return [(file, value) for _, file, value in memory.settings({"memory": wish}, where, version)]


def test_v1_lowers_memory_before_memory_and_swap(tmp_path: Path) -> None:
    where = folder(tmp_path, memory__memsw__limit_in_bytes="9223372036854771712")
    assert written({"limit": 10 * MIB, "swap": 20 * MIB}, where, 1) == [
        ("memory.limit_in_bytes", str(10 * MIB)),
        ("memory.memsw.limit_in_bytes", str(20 * MIB)),
    ]


def test_v1_raises_memory_and_swap_before_memory(tmp_path: Path) -> None:
    where = folder(tmp_path, memory__memsw__limit_in_bytes=str(5 * MIB))
    assert written({"limit": 10 * MIB, "swap": 20 * MIB}, where, 1) == [
        ("memory.memsw.limit_in_bytes", str(20 * MIB)),
        ("memory.limit_in_bytes", str(10 * MIB)),
    ]


def test_v1_unlimited_memory_takes_swap_with_it(tmp_path: Path) -> None:
    where = folder(tmp_path, memory__memsw__limit_in_bytes=str(5 * MIB))
    assert written({"limit": -1}, where, 1) == [
        ("memory.memsw.limit_in_bytes", "-1"),
        ("memory.limit_in_bytes", "-1"),
    ]


def test_v1_zero_is_not_set(tmp_path: Path) -> None:
    assert written({"limit": 0, "swap": 0}, folder(tmp_path), 1) == []


def test_v1_swappiness_zero_is_written_and_minus_one_is_not(tmp_path: Path) -> None:
    assert written({"swappiness": 0}, folder(tmp_path), 1) == [("memory.swappiness", "0")]
    assert written({"swappiness": -1}, folder(tmp_path), 1) == []


def test_v1_oom_killer_is_written_only_where_it_changes(tmp_path: Path) -> None:
    where = folder(tmp_path, memory__oom_control="oom_kill_disable 0\nunder_oom 0")
    assert written({"disableOOMKiller": True}, where, 1) == [("memory.oom_control", "1")]
    assert written({"disableOOMKiller": False}, where, 1) == []


def test_v2_swap_is_what_is_above_memory(tmp_path: Path) -> None:
    assert written({"limit": 10 * MIB, "swap": 25 * MIB}, folder(tmp_path), 2) == [
        ("memory.swap.max", str(15 * MIB)),
        ("memory.max", str(10 * MIB)),
    ]


def test_v2_swap_as_great_as_memory_is_none(tmp_path: Path) -> None:
    assert written({"limit": MIB, "swap": MIB}, folder(tmp_path), 2)[0] == ("memory.swap.max", "0")


def test_v2_swap_alone_is_taken_from_the_present_limit(tmp_path: Path) -> None:
    assert written({"swap": 5 * MIB}, folder(tmp_path, memory__max=str(MIB)), 2) == [
        ("memory.swap.max", str(4 * MIB)),
    ]


def test_v2_minus_one_is_max(tmp_path: Path) -> None:
    where = folder(tmp_path, memory__swap__max="0")
    assert written({"limit": -1}, where, 2) == [("memory.swap.max", "max"), ("memory.max", "max")]


def test_v2_reservation_is_low(tmp_path: Path) -> None:
    assert written({"reservation": MIB}, folder(tmp_path), 2) == [("memory.low", str(MIB))]


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"limit": 2 * MIB, "swap": MIB}, "less than memory alone"),
        ({"swap": MIB}, "memory is unlimited"),
        ({"swappiness": 0}, "swappiness: cgroup v2 has nothing of the kind"),
        ({"disableOOMKiller": True}, "disableOOMKiller: cgroup v2 has nothing"),
        ({"kernelTCP": MIB}, "kernelTCP"),
    ],
)
def test_v2_refuses_what_it_cannot_do(tmp_path: Path, wish: dict[str, Any], says: str) -> None:
    with pytest.raises(CgroupError, match=says) as caught:
        written(wish, folder(tmp_path, memory__max="max"), 2)
    assert caught.value.hint


def test_kernel_memory_is_read_over(tmp_path: Path) -> None:
    assert written({"kernel": MIB}, folder(tmp_path), 1) == written({"kernel": MIB}, folder(tmp_path), 2) == []


@pytest.mark.parametrize(("version", "file"), [(1, "memory__usage_in_bytes"), (2, "memory__current")])
def test_a_limit_below_usage_is_refused_where_the_check_is_asked_for(tmp_path: Path, version: int, file: str) -> None:
    where = folder(tmp_path, **{file: str(3 * MIB)})
    with pytest.raises(CgroupError, match="less than the 3145728 in use"):
        written({"limit": MIB, "checkBeforeUpdate": True}, where, version)
    assert written({"limit": MIB}, where, version)


@pytest.mark.parametrize("unlimited", ["9223372036854771712", "9223372036854710272", "9223372036854775807"])
def test_v1_unlimited_is_read_as_such_whatever_the_page_size(tmp_path: Path, unlimited: str) -> None:
    where = folder(tmp_path, memory__limit_in_bytes=unlimited, memory__usage_in_bytes="5")
    assert memory.statistics(where, 1) == {"usage": 5, "working": 5, "limit": -1}


def test_v1_working_memory_is_usage_without_idle_cache(tmp_path: Path) -> None:
    where = folder(
        tmp_path,
        memory__usage_in_bytes="1000",
        memory__stat="cache 700\ninactive_file 1\ntotal_cache 700\ntotal_inactive_file 300",
    )
    found = memory.statistics(where, 1)
    assert (found["working"], found["cache"]) == (700, 700)


def test_v2_counts_what_its_files_say(tmp_path: Path) -> None:
    where = folder(
        tmp_path,
        memory__current="1000",
        memory__max="max",
        memory__peak="1500",
        memory__stat="anon 400\nfile 500\ninactive_file 200",
        memory__events="low 0\nmax 7\noom 1\noom_kill 1",
        memory__swap__current="0",
    )
    assert memory.statistics(where, 2) == {
        "usage": 1000, "working": 800, "limit": -1, "peak": 1500, "cache": 500, "anonymous": 400, "swap": 0,
        "failures": 7,
    }  # fmt: skip


def test_out_of_memory_kills_are_counted_where_the_kernel_does(tmp_path: Path) -> None:
    assert memory.kills(folder(tmp_path, memory__oom_control="under_oom 0\noom_kill 3"), 1) == 3
    assert memory.kills(folder(tmp_path, memory__oom_control="under_oom 0"), 1) is None


def test_limits_are_rounded_down_to_pages_of_any_size() -> None:
    assert memory.rounded(100_000, 4096) == 98304
    assert memory.rounded(100_000, 65536) == 65536
    assert memory.rounded(-1, 65536) == -1
