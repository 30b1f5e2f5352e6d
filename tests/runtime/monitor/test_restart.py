from __future__ import annotations

import pytest

from runtime.monitor.restart import FIRST_DELAY, LASTED, LONGEST_DELAY, Restart


@pytest.mark.parametrize(
    ("policy", "code", "again"),
    [
        ("no", 1, False),
        ("always", 0, True),
        ("unless-stopped", 0, True),
        ("on-failure", 1, True),
        ("on-failure", 0, False),
    ],
)
def test_each_policy_decides_by_the_exit_code(policy: str, code: int, again: bool) -> None:
    assert (Restart({"name": policy}).after(code, 0.0, stopped=False) >= 0) is again


@pytest.mark.parametrize("policy", ["always", "unless-stopped", "on-failure"])
def test_what_a_person_stopped_stays_stopped(policy: str) -> None:
    assert Restart({"name": policy}).after(1, 0.0, stopped=True) < 0


def test_on_failure_gives_up_after_its_maximum() -> None:
    restart = Restart({"name": "on-failure", "maximum": 2})
    assert [restart.after(1, 0.0, stopped=False) >= 0 for _ in range(3)] == [True, True, False]


def test_delays_double_up_to_a_bound() -> None:
    restart = Restart({"name": "always"})
    delays = [restart.after(1, 0.0, stopped=False) for _ in range(20)]
    assert delays[:3] == [FIRST_DELAY, 2 * FIRST_DELAY, 4 * FIRST_DELAY]
    assert delays[-1] == LONGEST_DELAY


def test_a_run_that_lasted_starts_the_delays_anew() -> None:
    restart = Restart({"name": "always"})
    for _ in range(5):
        restart.after(1, 0.0, stopped=False)
    assert restart.after(1, LASTED, stopped=False) == FIRST_DELAY


def test_a_policy_can_be_changed_while_it_is_in_force() -> None:
    restart = Restart({"name": "always"})
    restart.change({"name": "no"})
    assert restart.after(1, 0.0, stopped=False) < 0
