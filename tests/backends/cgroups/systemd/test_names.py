"""Names of units and slices."""

from __future__ import annotations

import pytest

from backends.cgroups.systemd.names import expand, parse
from backends.errors import CgroupError


@pytest.mark.parametrize(
    ("path", "slice", "unit"),
    [
        ("machine.slice:libpod:0123", "machine.slice", "libpod-0123.scope"),
        (":runtime-oci:box", "system.slice", "runtime-oci-box.scope"),
        ("a-b.slice::box", "a-b.slice", "box.scope"),
        ("-.slice:p:box", "-.slice", "p-box.scope"),
    ],
)
def test_a_path_names_a_unit_and_its_slice(path: str, slice: str, unit: str) -> None:
    place = parse(path, rootless=False)
    assert (place.slice, place.unit) == (slice, unit)


def test_a_user_has_a_slice_of_his_own() -> None:
    assert parse(":p:box", rootless=True).slice == "user.slice"


@pytest.mark.parametrize(
    ("slice", "folder"),
    [
        ("system.slice", "/system.slice"),
        ("a-b-c.slice", "/a.slice/a-b.slice/a-b-c.slice"),
        ("-.slice", ""),
    ],
)
def test_slices_are_inside_each_other(slice: str, folder: str) -> None:
    assert expand(slice) == folder


@pytest.mark.parametrize(
    "path", ["/a/b", "", "a.slice:b", "a.slice:b:c:d", "a.slice:b:", "a--b.slice:b:c", "a/b.slice:b:c", ".slice:b:c",
             "-a.slice:b:c", "system:b:c", ":b:c/d", ":b:c d", ":b:c.slice", ":b:" + "c" * 255],
)  # fmt: skip
def test_what_is_no_path_of_systemds_is_refused(path: str) -> None:
    with pytest.raises(CgroupError, match=r"linux\.cgroupsPath"):
        parse(path, rootless=False)
