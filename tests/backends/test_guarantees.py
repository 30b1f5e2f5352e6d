from __future__ import annotations

from backends.guarantees import ASKED_BY, DEFAULT_DEMANDS, GIVEN_UP_BY, GUARANTEES, Demands


def test_every_table_names_only_guarantees_that_exist() -> None:
    tables = [*GIVEN_UP_BY.values(), *ASKED_BY.values(), DEFAULT_DEMANDS.require, DEFAULT_DEMANDS.prefer]
    assert frozenset().union(*tables) <= set(GUARANTEES)


def test_what_is_required_is_no_longer_only_preferred() -> None:
    demands = Demands(prefer=frozenset(["pause"])).with_required(["pause"])
    assert demands.require == {"pause"}
    assert not demands.prefer


def test_what_is_given_up_is_neither_required_nor_preferred() -> None:
    demands = DEFAULT_DEMANDS.without(["seccomp", "pause"])
    assert not {"seccomp", "pause"} & (demands.require | demands.prefer)


def test_forcing_one_family_keeps_the_others() -> None:
    demands = Demands(forced={"storage": "copy"}).with_forced("network", "host")
    assert demands.forced == {"storage": "copy", "network": "host"}
