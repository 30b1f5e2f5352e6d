from __future__ import annotations

from typing import Any

from ci import console, verdict
from ci.cells import Cell, Expectation

CELL = Cell("arm64", "bookworm", "some", tests="short", because="It has no overlay.")
EXPECTED = Expectation({"storage": "copy"}, missing=("layers",), runs=("",), refused={"--memory 1m": "memory-limit"})


def found(**changed: Any) -> dict[str, Any]:
    ran = {"ran": True, "status": 7, "said": "runs\n"}
    refused = {"ran": False, "status": 125, "said": "does not give memory-limit"}
    return {
        "kernel": "6.1",
        "selected": {"storage": "copy"},
        "missing": ["layers"],
        "runs": {"": ran},
        "refused": {"--memory 1m": refused},
        "tests": {"status": 0, "passed": 6},
        **changed,
    }


def wrong(**changed: Any) -> list[str]:
    return verdict.judge(CELL, EXPECTED, found(**changed), "").wrong


def test_a_cell_that_does_all_that_is_expected_is_green() -> None:
    assert verdict.judge(CELL, EXPECTED, found(), "").state == verdict.GREEN


def test_every_difference_is_told() -> None:
    assert wrong(selected={"storage": "overlay"}) == ["storage: overlay is chosen; expected copy"]
    assert wrong(missing=["seccomp"]) == [
        "seccomp is not given; expected it to be",
        "layers is given; expected it not to be",
    ]
    assert wrong(runs={"": {"ran": False, "status": 125, "said": "no\n way"}}) == ["run : no way"]
    assert wrong(tests={"status": 1, "passed": 5, "failed": 1}) == ["tests: 1 failed, 5 passed (1)"]


def test_a_container_that_runs_although_it_should_be_refused_is_told() -> None:
    (told,) = wrong(refused={"--memory 1m": {"ran": True, "status": 7, "said": "runs on arm64"}})
    assert "is not refused naming 'memory-limit'" in told


def test_tests_of_which_none_ran_are_no_success() -> None:
    assert wrong(tests={"status": 0}) == ["tests: 0 failed, 0 passed (0)"]


def test_a_guest_that_says_nothing_is_red_by_its_console() -> None:
    judged = verdict.judge(CELL, EXPECTED, None, "Kernel panic")
    assert (judged.state, judged.wrong) == (verdict.RED, ["Kernel panic"])


def test_the_page_has_a_row_a_cell_and_explains_what_is_red() -> None:
    selected = {"execution": "namespaces", "storage": "copy"}
    judged = verdict.judge(CELL, EXPECTED, found(missing=[], selected=selected), "")
    page = verdict.page([judged])
    assert "| arm64 | bookworm 6.1 | v2 | root |  | namespaces, copy, no cgroups | none | 6 passed |" in page
    assert "- **arm64 bookworm v2 root** (NOT AS EXPECTED): It has no overlay. layers is given" in page


def test_a_command_s_output_and_status_are_told_apart_from_its_guest_s() -> None:
    said = f"booting\n{console.BEGAN}\nhello\n{console.ENDED}3\n"
    assert console.result(said) == (3, "hello\n")
    assert console.result("booting\npanic\n") == (125, "booting\npanic\nguest: it never began\n")
    assert console.result(f"{console.BEGAN}\noops\n") == (125, "oops\nguest: it ended without a word\n")


def test_a_guest_that_hangs_is_ended_with_the_last_of_its_console() -> None:
    shown: list[str] = []
    script = f"echo boot; echo '{console.BEGAN}'; echo one; sleep 1000"
    said, ended = console.attend(["sh", "-c", script], 1, shown.append)
    assert ended
    assert shown == ["one\n"]
    status, told = console.hung(said, 1)
    assert status == 124
    assert told.endswith("one\nguest: ended after 1 seconds\n")
