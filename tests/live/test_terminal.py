"""A shell at a real terminal: its size, its keys, its jobs, leaving it and coming back."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.live.conftest import REPOSITORY, Runtime
from tests.live.terminal import Terminal

PROMPT = "ready> "
SHELL = ("@host", "bash", "--norc", "--noediting")
Open = Callable[..., Terminal]


@pytest.fixture
def open_terminal(runtime: Runtime) -> Iterator[Open]:
    opened: list[Terminal] = []

    def make(*arguments: str, rows: int = 24, columns: int = 80) -> Terminal:
        opened.append(Terminal(runtime.command(*arguments), str(REPOSITORY), rows, columns))
        return opened[-1]

    yield make
    for terminal in opened:
        terminal.close()


@pytest.fixture
def shell(open_terminal: Open) -> Terminal:
    terminal = open_terminal("run", "-it", "--name", "shell", "--network", "none", "-e", f"PS1={PROMPT}", *SHELL)
    started = terminal.expect(PROMPT)
    assert "job control" not in started
    assert "process group" not in started
    return terminal


# The first word comes from the child, once it has the terminal: a key typed at the mere echo may still meet the shell.
SLEEP = "(echo sta''rted; exec sleep 1000)"


def ask(terminal: Terminal, command: str) -> str:
    """What the shell answers to a command."""
    terminal.type(command + "\n")
    terminal.expect("\n")  # the echo
    return terminal.expect(PROMPT).strip()


def test_the_container_sees_the_size_of_the_terminal(open_terminal: Open) -> None:
    terminal = open_terminal("run", "-it", "--rm", "--network", "none", "@host", "stty", "size", rows=33, columns=101)
    terminal.expect("33 101")
    assert terminal.wait() == 0


def test_a_new_size_reaches_the_container_with_its_signal(shell: Terminal) -> None:
    shell.type("set +m; trap 'stty size; exit 4' WINCH; while echo waiting; do sleep 0.1; done\n")
    shell.expect("waiting\r\n")
    shell.resize(50, 132)
    shell.expect("50 132")
    assert shell.wait() == 4


def test_the_shell_has_the_terminal_and_controls_jobs(shell: Terminal) -> None:
    assert ask(shell, "tty") == "/dev/pts/0"
    shell.type("cat\nfirst\n")
    shell.expect("first\r\nfirst\r\n")  # the terminal's echo, and cat's answer: it runs by now
    shell.type("\x1a")
    shell.expect("Stopped")
    shell.expect(PROMPT)
    assert "Stopped" in ask(shell, "jobs")
    shell.type("fg\nsecond\n")
    shell.expect("second\r\n")
    shell.expect("second\r\n")
    shell.type("\x03")
    shell.expect(PROMPT)
    assert ask(shell, "echo $?") == "130"


def test_an_interrupt_ends_what_runs_and_not_the_shell(shell: Terminal) -> None:
    shell.type("cat\nechoed\n")
    shell.expect("echoed")
    shell.expect("echoed")  # the terminal's echo, and cat's answer: it runs by now
    shell.type("\x03")
    shell.expect(PROMPT)
    assert ask(shell, "echo $?") == "130"


def test_the_end_of_input_ends_the_shell_with_its_last_status(shell: Terminal) -> None:
    ask(shell, "(exit 7)")
    shell.type("\x04")
    assert shell.wait() == 7


def test_the_terminal_is_put_right_at_the_end(shell: Terminal) -> None:
    assert shell.settings() != shell.before
    shell.type("exit 3\n")
    assert shell.wait() == 3
    assert shell.settings() == shell.before


def test_one_leaves_by_the_detach_keys_and_comes_back(runtime: Runtime, shell: Terminal, open_terminal: Open) -> None:
    ask(shell, "kept=yes")
    shell.type("\x10\x11")
    assert shell.wait() == 0
    assert shell.settings() == shell.before
    assert runtime.engine.inspect("shell")["State"]["Running"]
    back = open_terminal("attach", "shell", rows=40, columns=120)
    back.type("\n")
    back.expect(PROMPT)
    back.type("echo $kept $(stty size)\n")
    back.expect("yes 40 120")
    back.type("exit 5\n")
    assert back.wait() == 5


def test_other_detach_keys_can_be_chosen(runtime: Runtime, open_terminal: Open) -> None:
    keys = ("--detach-keys", "ctrl-x,q")
    terminal = open_terminal("run", "-it", "--name", "left", *keys, "--network", "none", "@host", "cat")
    terminal.type("\x10\x11here\n")
    terminal.expect("here")
    terminal.type("\x18q")
    assert terminal.wait() == 0
    assert runtime.engine.inspect("left")["State"]["Running"]


def test_another_shell_in_a_running_container_has_a_terminal_of_its_own(runtime: Runtime, open_terminal: Open) -> None:
    name = runtime.detached("@host", "sleep", "1000")
    terminal = open_terminal("exec", "-it", "-e", f"PS1={PROMPT}", name, *SHELL[1:], rows=31, columns=99)
    started = terminal.expect(PROMPT)
    assert "job control" not in started
    assert ask(terminal, "stty size") == "31 99"
    terminal.resize(20, 60)
    assert ask(terminal, "sleep 0.2; stty size") == "20 60"
    assert ask(terminal, "tty").startswith("/dev/pts/")
    terminal.type(f"{SLEEP}\n")
    terminal.expect("started\r\n")
    terminal.type("\x03")
    terminal.expect(PROMPT)
    terminal.type("exit 9\n")
    assert terminal.wait() == 9
    assert terminal.settings() == terminal.before


def test_a_terminal_is_not_promised_where_there_is_none(runtime: Runtime) -> None:
    told = runtime.refused("run", "-it", "--network", "none", "@host", "true")
    assert "--tty: standard input is not a terminal" in told
    assert "Hint: leave out -t" in told
