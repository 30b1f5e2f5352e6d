"""Time by the clock and of the CPU, of commands in pairs: ours and theirs by turns.

Each command has a session of its own, as engines give it one: Linux shares the CPUs among sessions first (sched(7),
"The autogroup feature"), and runc makes one early. On a busy machine whoever stays in ours would wait the longer.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field

MANY = 50  # containers at once


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, and seconds of CPU of all processes."""

    clock: float
    cpu: float = 0.0


@dataclass
class Result:
    """What each pair cost, ours and theirs; or for the monitor, its sizes."""

    ours: list[Cost] = field(default_factory=list)
    theirs: list[Cost] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def figure(self) -> float:
        if not self.theirs:
            return statistics.median(cost.clock for cost in self.ours)
        return statistics.median(ours.clock / theirs.clock for ours, theirs in zip(self.ours, self.theirs))

    def cpu(self) -> float:
        return statistics.median(ours.cpu / max(theirs.cpu, 0.001) for ours, theirs in zip(self.ours, self.theirs))


def paired(ours: Callable[[], Cost], theirs: Callable[[], Cost], pairs: int) -> Result:
    """Times both by turns, each first every other time, after one pair that does not count."""
    result = Result()
    for number in range(-1, pairs):
        first, second = (ours, theirs) if number % 2 else (theirs, ours)
        one, two = first(), second()
        if number >= 0:
            result.ours.append(one if number % 2 else two)
            result.theirs.append(two if number % 2 else one)
    return result


def timed(command: list[str]) -> Cost:
    """The clock stops when the command ends. Its CPU time includes what it left behind: such processes become our
    children (`main` makes us a subreaper) and end a little later."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    quiet(command)
    clock = time.perf_counter() - start
    reap()
    return Cost(clock, _used(before))


def _used(before: resource.struct_rusage) -> float:
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def reap() -> None:
    """Waits for orphans that are ending: none that serves a container, which goes on for long, is waited for."""
    deadline = time.monotonic() + 0.3
    while time.monotonic() < deadline:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.005)
        except ChildProcessError:
            return


def quiet(command: list[str]) -> None:
    """Errors go to a file: a pipe would be held open by what the command leaves running."""
    with tempfile.TemporaryFile() as errors:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True
        )
        if done.returncode:
            errors.seek(0)
            raise SystemExit(f"{' '.join(command)}: status {done.returncode}\n{errors.read().decode()}")


def at_once(commands: list[list[str]]) -> Cost:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    running = [
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for command in commands
    ]
    failed = [" ".join(command) for command, process in zip(commands, running) if process.wait()]
    if failed:
        raise SystemExit(f"{len(failed)} of {len(running)} failed, such as {failed[0]}")
    clock = time.perf_counter() - start
    return Cost(clock, _used(before))
