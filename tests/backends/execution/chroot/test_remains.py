from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from backends.execution.chroot import remains

_LINE = "36 35 98:0 / {} rw,noatime master:1 - ext3 /dev/root rw"


def _mountinfo(*points: str) -> str:
    return "".join(_LINE.format(point) + "\n" for point in points)


def test_what_is_at_and_below_a_folder_is_found_last_first() -> None:
    table = _mountinfo("/", "/run/x", "/run/xy", "/run/x/proc", "/run/x", "/proc")
    assert remains.mounted_below("/run/x", table) == ["/run/x", "/run/x/proc", "/run/x"]


def test_a_blank_in_a_name_is_read_as_the_kernel_writes_it() -> None:
    assert remains.mounted_below("/run/a b", _mountinfo("/run/a\\040b/c")) == ["/run/a b/c"]


@given(st.lists(st.sampled_from(["/a", "/a/b", "/a/b/c", "/ab", "/"])))
def test_nothing_beside_the_folder_is_touched(points: list[str]) -> None:
    assert all(point.startswith("/a/b") for point in remains.mounted_below("/a/b", _mountinfo(*points)))


def test_a_process_with_our_own_root_leaves_no_trace() -> None:
    assert remains.trace(os.getpid(), 1) == {}


def test_a_process_that_has_ended_leaves_no_trace() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    assert remains.trace(child, 1) == {}
