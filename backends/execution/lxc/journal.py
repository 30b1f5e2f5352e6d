"""What lxc wrote into its log: how the program ended, and what went wrong. Pure but for `read`.

`lxc-start -F` does not pass a program's status on since LXC 1.0; its log does, in the same words since LXC 0.7 (its
error.c), at the level INFO.
"""

from __future__ import annotations

LEVEL = "INFO"
_ENDED = "hild <"
# "Child <4711> ended on error (7)", "Child <4711> ended on signal Killed(9)", "child <4711> ended on signal (9)"
_WAYS = (("> ended on error ", 8), ("> ended on signal ", 0))
_TOLD = 4  # lines of a failure that a person wants to see


def read(path: str) -> str:
    """Empty where there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except FileNotFoundError:
        return ""


def ending(journal: str, pid: int) -> int | None:
    """A wait status as waitpid(2) gives it, of the child with that pid; None where the log does not speak of its end,
    which it does not of an exit with 0."""
    for line in reversed(journal.splitlines()):
        _, found, rest = line.partition(_ENDED)
        for words, shift in _WAYS:
            if found and rest.startswith(f"{pid}{words}"):
                number = rest.rpartition("(")[2].split(")")[0]
                return int(number) << shift if number.isdigit() else None
    return None


def complaints(journal: str) -> str:
    """The last errors, without times and places in lxc's sources."""
    found = []
    for line in journal.splitlines():
        _, is_error, rest = line.partition(" ERROR ")
        if is_error:
            found.append(rest.rpartition(" - ")[2] if rest.count(" - ") == 1 else " - ".join(rest.split(" - ")[2:]))
    return "; ".join(dict.fromkeys(found[:_TOLD]))
