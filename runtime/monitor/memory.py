"""Holding less memory while there is nothing to do. On the launch path."""

from __future__ import annotations

from arch import kernel

QUIET = 0.5  # seconds after a start: a container that ends sooner is not to pay for this
_MADV_DONTNEED = 4  # madvise(2), the same number on every machine that we know


def rest() -> None:
    """Gives back the pages of program text that starting a container went through: thousands, of which waiting needs a
    few. They are the files' own and come back from the page cache when they are run again.

    Only text: what is read-only data now was written to by the dynamic linker, and would be lost.
    """
    with open("/proc/self/maps") as file:
        lines = file.read().splitlines()
    for line in lines:
        fields = line.split(None, 5)
        if fields[1] == "r-xp" and len(fields) == 6 and fields[5].startswith("/"):
            start, _, end = fields[0].partition("-")
            first = int(start, 16)
            try:
                kernel.syscall("madvise", first, int(end, 16) - first, _MADV_DONTNEED)
            except OSError:
                return  # forbidden, by an outer filter say: then it stays as it is
