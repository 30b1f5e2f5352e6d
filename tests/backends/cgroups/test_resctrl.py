"""resctrl groups, on a folder of that shape: the machines of this project have none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backends.cgroups.resctrl import Group, Wish, mounted
from backends.errors import CgroupError, UnsupportedConfiguration

BOTH = {"l3CacheSchema": "L3:0=7f0;1=1f", "memBwSchema": "MB:0=20;1=70"}


@pytest.fixture
def top(tmp_path: Path) -> Path:
    (tmp_path / "info/L3_MON").mkdir(parents=True)
    (tmp_path / "info/L3_MON/mon_features").write_text("llc_occupancy\nmbm_total_bytes\n")
    (tmp_path / "info/last_cmd_status").write_text("ok\n")
    return tmp_path


def _group(top: Path, **intel_rdt: Any) -> Group:
    return Group(str(top), Wish(intel_rdt, "box"), "box")


def _present(top: Path, schemata: str) -> None:
    (top / "gold/mon_groups").mkdir(parents=True)
    (top / "gold/schemata").write_text(schemata)


# ---------------------------------------------------------------------------------------------------- what is read


@pytest.mark.parametrize(
    ("intel_rdt", "lines"),
    [
        ({}, []),
        (BOTH, ["L3:0=7f0;1=1f", "MB:0=20;1=70"]),
        ({**BOTH, "l3CacheSchema": "L3:0=7f0\nMB:0=10\n"}, ["L3:0=7f0", "MB:0=20;1=70"]),
        ({"l3CacheSchema": "L3:0=7f0\nMB:0=10"}, ["L3:0=7f0", "MB:0=10"]),
        ({"schemata": ["L2:0=f", "MB:0=50"]}, ["L2:0=f", "MB:0=50"]),
        ({"schemata": "L2:0=f\nMB:0=50"}, ["L2:0=f", "MB:0=50"]),
        ({**BOTH, "schemata": ["L2:0=f"]}, ["L3:0=7f0;1=1f", "MB:0=20;1=70", "L2:0=f"]),
    ],
)
def test_the_lines_for_schemata_are_in_the_specifications_order(intel_rdt: dict[str, Any], lines: list[str]) -> None:
    assert Wish(intel_rdt, "box").lines == lines


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("closID", ".."),
        ("closID", "a/b"),
        ("closID", "mon_groups"),
        ("closID", 5),
        ("memBwSchema", "L3:0=f"),
        ("memBwSchema", "MB:0=1\nL3:0=f"),
        ("schemata", [1]),
        ("schemata", ["L3:0=f\nMB:0=1"]),
        ("enableMonitoring", "yes"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_path(key: str, value: Any) -> None:
    with pytest.raises(UnsupportedConfiguration, match=rf"config\.json: linux\.intelRdt\.{key}: "):
        Wish({key: value}, "box")


def test_it_is_found_among_the_mounts() -> None:
    mountinfo = (
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        "40 22 0:33 / /srv/resctrl rw,relatime shared:9 - resctrl resctrl rw,mba_MBps\n"
    )
    assert mounted(mountinfo) == "/srv/resctrl"
    assert mounted(mountinfo.splitlines()[0]) == ""


# ---------------------------------------------------------------------------------------------------------- groups


def test_without_closid_the_group_is_the_containers_and_goes_with_it(top: Path) -> None:
    group = _group(top, **BOTH)
    group.make()
    group.add(77)
    assert (top / "box/schemata").read_text() == "MB:0=20;1=70\n"  # a real one keeps every line that is written to it
    assert (top / "box/tasks").read_text() == "77\n"
    for name in ("schemata", "tasks"):  # which a real one takes along
        (top / "box" / name).unlink()
    group.remove()
    assert not (top / "box").exists()
    group.remove()


def test_a_group_of_that_name_is_made_and_stays(top: Path) -> None:
    group = _group(top, closID="gold", **BOTH)
    group.make()
    group.add(77)
    group.remove()
    assert (top / "gold/tasks").read_text() == "77\n"


def test_a_group_that_is_there_and_says_the_same_is_joined(top: Path) -> None:
    _present(top, "    MB:0=020;1=70;2=100\n    L3:0=07f0;1=001f\n")
    group = _group(top, closID="gold", **BOTH)
    group.make()
    group.add(77)
    assert (top / "gold/tasks").read_text() == "77\n"


@pytest.mark.parametrize("schemata", ["L3:0=7f0;1=1f\n", "L3:0=7f0;1=1f\nMB:0=20;1=80\n", "MB:0=20;1=70\nL3:0=7f0\n"])
def test_a_group_that_is_there_and_says_something_else_is_an_error(top: Path, schemata: str) -> None:
    _present(top, schemata)
    with pytest.raises(CgroupError, match="the group gold is there"):
        _group(top, closID="gold", **BOTH).make()
    assert (top / "gold/schemata").read_text() == schemata


def test_closid_alone_needs_a_group_that_is_there(top: Path) -> None:
    with pytest.raises(CgroupError, match="there is no group gold"):
        _group(top, closID="gold").make()
    assert not (top / "gold").exists()


def test_closid_alone_changes_nothing_of_the_group(top: Path) -> None:
    _present(top, "L3:0=1\n")
    _group(top, closID="gold").make()
    assert (top / "gold/schemata").read_text() == "L3:0=1\n"


def test_the_shares_of_a_group_can_be_changed(top: Path) -> None:
    _present(top, "L3:0=1\n")
    _group(top, closID="gold", l3CacheSchema="L3:0=f").change()
    assert (top / "gold/schemata").read_text() == "L3:0=f\n"


def test_the_root_is_a_group_too(top: Path) -> None:
    group = _group(top, closID="/")
    group.make()
    group.add(77)
    assert (top / "tasks").read_text() == "77\n"
    group.remove()


def test_a_group_of_that_name_is_monitored_for_the_container_alone(top: Path) -> None:
    _present(top, "")
    group = _group(top, closID="gold", enableMonitoring=True)
    group.make()
    group.add(77)
    assert (top / "gold/mon_groups/box/tasks").read_text() == "77\n"
    (top / "gold/mon_groups/box/tasks").unlink()
    group.remove()
    assert [path.name for path in (top / "gold/mon_groups").iterdir()] == []
    assert (top / "gold").exists()


def test_what_the_cpu_does_not_monitor_is_refused(top: Path) -> None:
    _present(top, "")
    _group(top, closID="gold", enableCMT=True).make()
    with pytest.raises(CgroupError, match="does not monitor mbm_local_bytes"):
        _group(top, closID="gold", enableMBM=True).make()
    (top / "info/L3_MON/mon_features").unlink()
    with pytest.raises(CgroupError, match="does not monitor its caches"):
        _group(top, closID="gold", enableMonitoring=True).make()


def test_an_error_has_the_kernels_own_words(top: Path) -> None:
    (top / "info/last_cmd_status").write_text("mask f0f has non-consecutive 1-bits\n")
    (top / "box/schemata").mkdir(parents=True)
    with pytest.raises(CgroupError, match=r"cannot write 'L3:0=f0f' .* \(mask f0f has non-consecutive 1-bits\)"):
        _group(top, l3CacheSchema="L3:0=f0f").make()
