from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.security import capabilities
from backends.security.errors import UnavailableCapability, UnknownCapabilityName

EVERYTHING = capabilities.NAMES


def test_a_container_that_asks_for_nothing_has_the_default_set() -> None:
    assert set(capabilities.granted()) == set(capabilities.DEFAULT)
    assert len(capabilities.DEFAULT) == 14


def test_numbers_are_the_kernels() -> None:
    assert capabilities.NUMBERS["CAP_CHOWN"] == 0
    assert capabilities.NUMBERS["CAP_SYS_ADMIN"] == 21
    assert capabilities.NUMBERS["CAP_SETFCAP"] == 31
    assert capabilities.NUMBERS["CAP_CHECKPOINT_RESTORE"] == 40


@pytest.mark.parametrize("spelling", ["NET_ADMIN", "net_admin", "cap_net_admin", "CAP_NET_ADMIN", " net_admin "])
def test_every_spelling_of_a_name_is_understood(spelling: str) -> None:
    assert "CAP_NET_ADMIN" in capabilities.granted(add=[spelling])


def test_a_typing_error_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(UnknownCapabilityName) as caught:
        capabilities.granted(add=["SYS_ADMNI"])
    assert "CAP_SYS_ADMIN" in caught.value.hint


def test_dropping_all_leaves_what_was_added() -> None:
    assert capabilities.granted(add=["chown"], drop=["all"]) == ("CAP_CHOWN",)
    assert capabilities.granted(drop=["ALL"]) == ()


def test_adding_all_gives_everything_but_what_was_dropped() -> None:
    assert set(capabilities.granted(add=["ALL"], drop=["SYS_ADMIN"])) == set(EVERYTHING) - {"CAP_SYS_ADMIN"}


def test_a_drop_is_honoured_for_privileged_containers_too() -> None:
    assert set(capabilities.granted(drop=["MKNOD"], privileged=True)) == set(EVERYTHING) - {"CAP_MKNOD"}


def test_the_same_capability_added_and_dropped_is_an_error() -> None:
    with pytest.raises(UnavailableCapability, match="both added and dropped"):
        capabilities.granted(add=["chown"], drop=["CHOWN"])


def test_everything_ends_at_the_kernels_newest_capability() -> None:
    old = capabilities.NUMBERS["CAP_BLOCK_SUSPEND"]
    assert capabilities.granted(privileged=True, newest=old)[-1] == "CAP_BLOCK_SUSPEND"


def test_a_capability_that_the_kernel_lacks_cannot_be_added_by_name() -> None:
    with pytest.raises(UnavailableCapability, match="no CAP_BPF"):
        capabilities.granted(add=["BPF"], newest=36)


def test_what_this_program_lacks_is_left_out_of_all_and_refused_by_name() -> None:
    available = capabilities.mask(EVERYTHING) & ~capabilities.mask(["CAP_SYS_RESOURCE"])
    assert "CAP_SYS_RESOURCE" not in capabilities.granted(privileged=True, available=available)
    with pytest.raises(UnavailableCapability, match="bounding set"):
        capabilities.granted(add=["SYS_RESOURCE"], available=available)


def test_root_has_its_capabilities_and_others_have_the_bounding_set_only() -> None:
    root = capabilities.oci(["CAP_CHOWN"])
    assert root["effective"] == root["permitted"] == root["bounding"] == ["CAP_CHOWN"]
    user = capabilities.oci(["CAP_CHOWN"], uid=1000)
    assert user["bounding"] == ["CAP_CHOWN"]
    assert user["effective"] == user["permitted"] == []


@pytest.mark.parametrize("uid", [0, 1000])
def test_nothing_is_inheritable(uid: int) -> None:
    assert capabilities.oci(capabilities.DEFAULT, uid)["inheritable"] == []


def test_ambient_capabilities_are_inheritable_and_permitted_as_the_kernel_demands() -> None:
    sets = capabilities.oci(["CAP_CHOWN", "CAP_KILL"], uid=1000, ambient=["CAP_KILL"])
    assert sets["ambient"] == sets["inheritable"] == sets["permitted"] == sets["effective"] == ["CAP_KILL"]


@given(st.integers(min_value=0, max_value=(1 << len(EVERYTHING)) - 1))
def test_masks_and_names_are_each_others_inverse(bits: int) -> None:
    assert capabilities.mask(capabilities.names(bits)) == bits
