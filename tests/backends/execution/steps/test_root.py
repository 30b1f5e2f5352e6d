"""Which mounts of the host's go before the root is moved."""

from __future__ import annotations

from backends.execution.steps.root import foreign_mounts


def test_what_holds_the_root_or_lies_in_it_stays() -> None:
    places = ["/", "/var", "/var/lib/box", "/var/lib/box/proc", "/proc", "/proc/sys", "/var/lib/boxes"]
    assert foreign_mounts(places, "/var/lib/box") == ["/var/lib/boxes", "/proc/sys", "/proc"]


def test_a_space_in_a_mount_point_is_read_as_the_kernel_writes_it() -> None:
    assert foreign_mounts(["/a\\040b"], "/root") == ["/a b"]
    assert foreign_mounts(["/a\\040b"], "/a b/root") == []
