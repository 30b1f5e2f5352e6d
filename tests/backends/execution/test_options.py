"""Mount options."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from arch import constants as c
from backends.execution.options import FLAGS, IDMAP, PROPAGATION, RECURSIVE, TMPCOPYUP, parse

KNOWN = [*FLAGS, *PROPAGATION, *RECURSIVE, *IDMAP, TMPCOPYUP]


def test_the_later_of_two_options_wins() -> None:
    assert parse(["ro", "rw"]).flags & c.MS_RDONLY == 0
    assert parse(["rw", "ro"]).flags & c.MS_RDONLY
    assert parse(["rro", "rrw"]).recursive == (0, c.MOUNT_ATTR_RDONLY)


def test_what_is_not_known_is_the_file_systems() -> None:
    options = parse(["nosuid", "mode=755", "size=1m"])
    assert (options.flags, options.data) == (c.MS_NOSUID, "mode=755,size=1m")


def test_propagation_is_kept_in_order() -> None:
    assert parse(["slave", "shared"]).propagation == [c.MS_SLAVE, c.MS_SHARED]


def test_rbind_is_bind_with_everything_below() -> None:
    assert parse(["rbind"]).flags == c.MS_BIND | c.MS_REC


@given(st.lists(st.sampled_from(KNOWN)))
def test_a_flag_is_never_both_set_and_cleared(names: list[str]) -> None:
    options = parse(names)
    assert options.flags & options.cleared == 0
    assert options.recursive[0] & options.recursive[1] & ~c.MOUNT_ATTR__ATIME == 0
    assert options.data == ""


@given(st.lists(st.text(alphabet="abc=", min_size=3, max_size=8).map(lambda name: "z" + name)))
def test_no_data_is_lost(names: list[str]) -> None:
    assert parse(names).data == ",".join(names)
