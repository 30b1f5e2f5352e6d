"""What lxc's log tells of a program's end, and of what went wrong."""

from __future__ import annotations

import os

import pytest

from backends.execution.lxc import journal

HEAD = "lxc-start box 20261123195333.953"
PLACE = "INFO     error - ../src/lxc/error.c:lxc_error_set_and_log:31"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (f"{HEAD} {PLACE} - Child <44> ended on error (7)", 7),
        (
            f"{HEAD} {PLACE} - Child <44> ended on signal Killed(9)",
            -9,
        ),
        ("      lxc-start 1385559022.111 INFO     lxc_error - child <44> ended on signal (15)", -15),
    ],
)
def test_how_it_ended_is_read_from_every_version(line: str, code: int) -> None:
    status = journal.ending(f"something before\n{line}\nsomething after\n", 44)
    assert status is not None
    assert os.waitstatus_to_exitcode(status) == code


@pytest.mark.parametrize(
    "text", ["", "Child <45> ended on error (7)", "Child <44> ended on error (", "Child <44> lives"]
)
def test_what_does_not_tell_it_tells_nothing(text: str) -> None:
    assert journal.ending(text, 44) is None


def test_the_first_complaints_are_told_once_and_without_their_places() -> None:
    text = "".join(
        f"{HEAD} {level} conf - ../src/lxc/conf.c:f:{number} - {said}\n"
        for number, (level, said) in enumerate(
            [("INFO ", "fine"), ("ERROR", "No such file - Failed to mount"), ("ERROR", "Failed"), ("ERROR", "Failed")]
        )
    )
    assert journal.complaints(text) == "No such file - Failed to mount; Failed"


def test_no_log_is_an_empty_one(tmp_path: object) -> None:
    assert journal.read(f"{tmp_path}/log") == ""
