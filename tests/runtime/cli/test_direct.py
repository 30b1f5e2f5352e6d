"""Reading without click says what click says, or leaves it to click."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.cli import direct
from runtime.cli.catalogue import COMMANDS
from runtime.cli.command import declared
from runtime.cli.declaration import Declaration
from runtime.errors import Problem

PLAIN = {name: entry.load() for name, entry in COMMANDS.items() if entry.plain}
TOP = Path(__file__).resolve().parents[3]

NAMES = sorted({name for command in PLAIN.values() for flag in command.flags for name in flag.names})
TEXTS = st.sampled_from(
    ["", "1", "-1", "x", "512m", "a=b", "/dev/sda:1", "-", "--", "missing", "--rm", "-it", "ä", "=1"]
)
WORDS = st.one_of(
    st.sampled_from([half for name in NAMES for half in name.split("/")]),
    st.tuples(st.sampled_from(NAMES), TEXTS).map("=".join),
    st.tuples(st.sampled_from([name for name in NAMES if len(name) == 2]), TEXTS).map("".join),
    TEXTS,
)


def by_click(command: Declaration, words: list[str]) -> dict[str, Any] | None:
    """None for what click refuses, or answers itself."""
    try:
        with declared(command).make_context(command.name, list(words)) as context:
            return dict(context.params)
    except (click.ClickException, click.exceptions.Exit, Problem):
        return None


@pytest.mark.parametrize("name", PLAIN)
@given(words=st.lists(WORDS, max_size=8))
def test_what_is_read_directly_is_what_click_reads(name: str, words: list[str]) -> None:
    understood = direct.understand([name, *words])
    if understood is not None:
        assert understood[2] == by_click(PLAIN[name], words)


@pytest.mark.parametrize(
    "line",
    [
        "run --rm --network none debian true",
        "run -it --name=a -eA=1 -e B=2 debian sh -c x",
        "--root /r -D run -d --no-sig-proxy -m 512m debian",
        "create --pull never -- debian --help",
        "exec -it -u 0 box sh --help",
    ],
)
def test_what_people_write_every_day_is_read_directly(line: str) -> None:
    assert direct.understand(line.split()) is not None


@pytest.mark.parametrize(
    "line",
    [
        "run --help", "run --bogus x", "run --memory much x", "run --name", "run --pull often x", "run --rm=yes x",
        "exec box", "ps", "--version", "", "rnu x",
    ],
)  # fmt: skip
def test_what_needs_words_is_left_to_click(line: str) -> None:
    assert direct.understand(line.split()) is None


def test_the_flags_before_the_command_are_read_too() -> None:
    understood = direct.understand(["--root", "/r", "--storage=copy", "run", "debian"])
    assert understood is not None
    assert {name: value for name, value in understood[0].items() if value} == {"root": "/r", "storage": "copy"}


def test_a_container_is_asked_for_without_loading_click() -> None:
    program = "import sys; sys.path.insert(0, sys.argv[1]); from runtime.cli import direct; "
    program += "direct.understand(['run', 'x']); print(*sys.modules)"
    command = [sys.executable, "-I", "-S", "-c", program, str(TOP)]
    seen = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not {"click", "inspect", "typing", "re", "enum"} & set(seen.stdout.split())
