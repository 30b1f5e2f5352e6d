"""Reading /proc/self/mountinfo. On the launch path."""

from __future__ import annotations


def plain(line: str) -> str:
    """A piece of mountinfo without the kernel's escapes (proc(5))."""
    for code, character in (("040", " "), ("011", "\t"), ("012", "\n"), ("054", ","), ("072", ":"), ("134", "\\")):
        line = line.replace("\\" + code, character)
    return line
