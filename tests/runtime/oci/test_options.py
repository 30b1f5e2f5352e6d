"""Options as engines write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.oci.catalogue import COMMANDS
from runtime.oci.errors import Refused, Usage
from runtime.oci.limits import size
from runtime.oci.options import FLAG, MANY, NUMBER, TEXT, Command, Option, parse
from runtime.oci.signals import number_of

OPTIONS = (
    Option("bundle", "", TEXT, "b"),
    Option("detach", "", FLAG, "d"),
    Option("env", "", MANY, "e"),
    Option("preserve-fds", "", NUMBER, value=0),
)


@pytest.mark.parametrize("words", [["--bundle", "x"], ["-bundle", "x"], ["-b", "x"], ["--bundle=x"], ["-b=x"]])
def test_a_value_is_written_in_many_ways(words: list[str]) -> None:
    assert parse(OPTIONS, words, False)[0]["bundle"] == "x"


def test_options_may_follow_arguments_where_order_does_not_matter() -> None:
    values, rest = parse(OPTIONS, ["one", "-d", "two", "-e", "A=1", "-e", "B=2"], False)
    assert (values["detach"], values["env"], rest) == (True, ("A=1", "B=2"), ["one", "two"])


def test_options_behind_the_first_argument_are_left_alone_where_it_does() -> None:
    values, rest = parse(OPTIONS, ["one", "-d", "--", "two"], True)
    assert (values["detach"], rest) == (False, ["one", "-d", "--", "two"])


@pytest.mark.parametrize(
    "words", [["--nope"], ["--bundle"], ["--preserve-fds", "x"], ["--detach=perhaps"], ["-preserve-fds="]]
)
def test_what_does_not_fit_is_refused(words: list[str]) -> None:
    with pytest.raises(Usage):
        parse(OPTIONS, words, False)


@given(st.lists(st.text(max_size=8), max_size=8), st.booleans())
def test_every_command_line_is_read_or_refused(words: list[str], ordered: bool) -> None:
    try:
        values, rest = parse(OPTIONS, words, ordered)
    except Usage:
        return
    assert set(values) >= {option.name for option in OPTIONS}
    assert all(word in words for word in rest)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_a_file_that_describes_itself(name: str) -> None:
    module = __import__(f"runtime.oci.commands.{name}", None, None, ("COMMAND",))
    command: Command = module.COMMAND
    assert command.name == name
    assert all(option.help for option in command.options)
    assert len({option.letter for option in command.options if option.letter}) == sum(
        bool(option.letter) for option in command.options
    )


@pytest.mark.parametrize(
    ("text", "number"),
    [("9", 9), ("KILL", 9), ("sigkill", 9), ("SIGTERM", 15), ("RTMIN+3", 37), ("SIGRTMAX", 64), ("RTMAX-1", 63)],
)
def test_signals_have_numbers_and_names(text: str, number: int) -> None:
    assert number_of(text) == number


@pytest.mark.parametrize("text", ["", "65", "-9", "NOPE", "_UNBLOCK", "RTMIN+x", "SIG"])
def test_what_is_no_signal_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        number_of(text)


@pytest.mark.parametrize(("text", "number"), [("5", 5), ("1k", 1024), ("2MiB", 2 << 20), ("3Gb", 3 << 30), ("-1", -1)])
def test_bytes_have_units(text: str, number: int) -> None:
    assert size(text, "memory") == number
