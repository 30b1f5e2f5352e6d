"""Whether proot works here, with seccomp's acceleration or without.

Kernels since 4.8 have filters and ptrace(2) the other way around, which kills what some releases of proot follow (its
issue 106; others with kernels patched in like manner); PROOT_NO_SECCOMP=1 does without, some times slower. And ptrace
may be forbidden altogether: by Yama, by a container around us.
"""

from __future__ import annotations

import os

from arch import smallest
from backends.execution.proot.backend import ACCELERATION
from backends.storage.removal import remove_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from probes.report import HostReport


def examine(report: HostReport, state: str) -> str | None:
    """Empty if it works, else what broke; None if that cannot be tried. What broke with acceleration alone is noted in
    the report's health."""
    content = smallest.program(str(report.machine["architecture"]))
    program = str(report["program.proot"].value or "proot")
    if not content:
        return None
    folder = f"{state}/proot-{os.getpid()}"
    try:
        os.makedirs(folder)
        descriptor = os.open(f"{folder}/true", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o755)
        os.write(descriptor, content)
        os.close(descriptor)
        quick = attempt(program, folder, {})
        if not quick:
            return ""
        slow = attempt(program, folder, {"PROOT_NO_SECCOMP": "1"})
        if not slow:
            report.health[ACCELERATION] = quick
        return slow
    except OSError:
        return None
    finally:
        remove_tree(folder)


def attempt(program: str, folder: str, environment: dict[str, str]) -> str:
    """Runs the smallest program; empty, or what came of it."""
    import subprocess

    command = [program, "-v", "-1", "-r", folder, "-0", "-w", "/", "/true"]
    try:
        done = subprocess.run(
            command, env={**environment, "PROOT_TMP_DIR": folder}, capture_output=True, timeout=10, check=False
        )
    except subprocess.TimeoutExpired:
        return "a program that does nothing does not end under proot"
    said = done.stderr.decode("utf-8", "replace").strip()
    return (
        "" if done.returncode == 0 else f"under proot a program that does nothing ended with {done.returncode}: {said}"
    )
