"""The suites of whole containers as if on older kernels, so that no way around a missing call is left untried.

A mask is one line of MASKS. What is in force below it is what `runtime mask` hides: calls, flags and options. The file
systems, /proc and the cgroups stay those of this kernel, and so does the libc: a modern glibc does not start without
AT_EMPTY_PATH (2.6.39) and prlimit64 (2.6.36), so the oldest mask keeps these two.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
EXECUTION = "tests/live/test_execution.py"
FORKED = "tests/backends/execution/test_backend_live.py"
LIMIT = 900  # seconds for a mask; it takes about twenty on a quiet machine

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="privilege.root: not running as root"),
]


@dataclass(frozen=True)
class Masked:
    """`members`: the execution backends whose suite is run. `lost`: promises that no kernel of that age keeps, given up
    by name in the settings file, as a person would. `also`: further tests. `least`: so many have to pass."""

    name: str
    flags: tuple[str, ...]
    members: str
    least: int
    lost: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


# glibc's own needs, see above
_GLIBC = ("--keep", "newfstatat", "--keep", "prlimit64")
# Nor does glibc make threads where clone3 answers anything but ENOSYS.
_SANDBOX = ("--kernel", "4.19", "--errno", "EPERM", "--keep", "clone3")

MASKS = (
    Masked(
        "2.6.32", ("--kernel", "2.6.32", *_GLIBC), "namespaces or (chroot and without)", 40, ("seccomp", "own-root")
    ),
    Masked("3.10", ("--kernel", "3.10"), "namespaces or (chroot and without)", 40),
    Masked("4.4", ("--kernel", "4.4"), "namespaces", 20),
    Masked("4.19", ("--kernel", "4.19"), "namespaces", 20, also=(FORKED,)),
    Masked("4.19 in a sandbox", _SANDBOX, "namespaces", 20),
    Masked("5.4", ("--kernel", "5.4"), "namespaces", 20),
)

# What asks for the youngest by itself, or counts the filters that it stands behind.
NOT_HERE = ("test_a_time_namespace_has_its_offset",)


@pytest.mark.parametrize("masked", MASKS, ids=lambda masked: masked.name)
def test_containers_run_as_if_on_an_older_kernel(masked: Masked, tmp_path: Path) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"isolation": {"prefer": list(masked.lost)}}))
    wanted = f"({masked.members} or {' or '.join(_stem(path) for path in masked.also) or masked.members})"
    wanted += "".join(f" and not {name}" for name in NOT_HERE)
    command = [sys.executable, "-m", "runtime.cli.main", "mask", *masked.flags]
    command += [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "--tb=short"]
    command += ["--basetemp", str(tmp_path / "inner"), "-k", wanted, EXECUTION, *masked.also]
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env={**_outside(), "RUNTIME_CONFIG": str(settings)},
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert _passed(done.stdout) >= masked.least, done.stdout[-2000:]


def test_what_the_oldest_kernel_cannot_keep_is_refused_until_it_is_given_up_by_name(tmp_path: Path) -> None:
    """And nothing less: each of the reasons is told, with who blocks it."""
    place = ["--root", str(tmp_path / "root"), "--state", str(tmp_path / "state")]
    runtime = [sys.executable, "-m", "runtime.cli.main"]
    before = [*runtime, "mask", "--kernel", "2.6.32", *_GLIBC, *runtime, *place, "run", "--rm", "--network", "none"]

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*before, *words], cwd=REPOSITORY, env=_outside(), capture_output=True, text=True, timeout=60
        )

    refused = run("@host", "true")
    assert refused.returncode == 125
    assert "namespaces: does not give seccomp" in refused.stderr
    assert "PR_SET_NO_NEW_PRIVS" in refused.stderr
    assert "--prefer seccomp" in refused.stderr
    for flags in (
        ["--prefer", "seccomp"],
        ["--backend", "execution=chroot", "--prefer", "seccomp,own-root,pid-namespace"],
    ):
        done = run(*flags, "@host", "sh", "-c", "echo runs")
        assert (done.returncode, done.stdout) == (0, "runs\n"), done.stderr
        assert "Notice: seccomp" in done.stderr
    deadline = time.monotonic() + 20  # the monitor ends after its container
    while os.listdir(tmp_path / "state" / "containers"):
        assert time.monotonic() < deadline, os.listdir(tmp_path / "state" / "containers")
        time.sleep(0.05)


def _stem(path: str) -> str:
    return os.path.basename(path).removesuffix(".py")


def _outside() -> dict[str, str]:
    """Without what pytest tells its children of itself."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}


def _passed(output: str) -> int:
    words = output.splitlines()[-1].replace(",", "").split()
    return int(words[words.index("passed") - 1])
