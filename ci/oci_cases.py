"""`runtime-oci` against runc: both are given the same bundle, by turns."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

from ci import rivals
from ci.pairs import MANY, Cost, Result, at_once, paired, quiet, timed


class OciCases:
    """Each with our default seccomp profile, as engines have theirs, and noted beside it without any filter."""

    def __init__(self, ours: list[str], theirs: list[str], pairs: int, bundle: Path) -> None:
        self._ours = ours
        self._theirs = theirs
        self._pairs = pairs
        self._plain = bundle
        self._filtered = rivals.with_filter(bundle)

    def run(self) -> Result:
        result = self._run(self._filtered, self._pairs)
        beside = self._run(self._plain, self._half)
        result.notes.append(f"without a filter: {beside.figure():.2f}x, CPU {beside.cpu():.2f}x")
        return result

    @property
    def _half(self) -> int:
        return self._pairs // 2 or 1

    def _run(self, bundle: Path, pairs: int) -> Result:
        words = ["run", "--bundle", str(bundle), f"bench-{os.getpid()}"]
        return paired(lambda: timed([*self._ours, *words]), lambda: timed([*self._theirs, *words]), pairs)

    def exec(self) -> Result:
        result = self._exec(self._filtered, self._pairs)
        beside = self._exec(self._plain, self._half)
        result.notes.append(f"without a filter: {beside.figure():.2f}x, CPU {beside.cpu():.2f}x")
        return result

    def _exec(self, bundle: Path, pairs: int) -> Result:
        sleeping = rivals.with_command(bundle, "sleep", "1000")
        name = f"bench-exec-{os.getpid()}"
        with ExitStack() as stack:
            for number, command in enumerate((self._ours, self._theirs)):
                quiet([*command, "run", "--detach", "--bundle", str(sleeping), f"{name}-{number}"])
                stack.callback(quiet, [*command, "delete", "--force", f"{name}-{number}"])
            return paired(
                lambda: timed([*self._ours, "exec", f"{name}-0", "/bin/true"]),
                lambda: timed([*self._theirs, "exec", f"{name}-1", "/bin/true"]),
                pairs,
            )

    def many(self) -> Result:
        return paired(lambda: self._fifty(self._ours), lambda: self._fifty(self._theirs), max(5, self._pairs // 4))

    def _fifty(self, command: list[str]) -> Cost:
        names = [f"bench-many-{number}" for number in range(MANY)]
        return at_once([[*command, "run", "--bundle", str(self._filtered), name] for name in names])
