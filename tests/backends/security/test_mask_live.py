"""Masks on the real kernel: each program is one that stands behind the mask that it speaks of."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from arch import mask as worn_mask
from arch.mask import Mask
from backends.security import mask
from backends.security.errors import BadProfile
from backends.security.mask import Hidden
from probes import cache

REPOSITORY = Path(__file__).parents[3]
RUNTIME = [sys.executable, "-m", "runtime.cli.main"]
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="privilege.root: not running as root")


def behind(flags: list[str], program: str, status: int = 0) -> str:
    """What a Python program says behind a mask."""
    command = [*RUNTIME, "mask", *flags, sys.executable, "-c", program]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stderr
    return done.stdout


ANSWERS = """\
import errno
from arch import kernel
def answer(*call):
    try:
        kernel.syscall(*call)
        return "done"
    except OSError as error:
        return errno.errorcode[error.errno]
"""


@pytest.mark.parametrize(
    ("kernel", "call", "answer"),
    [
        ("5.4", '"close_range", 900, 901, 0', "ENOSYS"),
        ("5.9", '"close_range", 900, 901, 0', "done"),
        ("5.10", '"close_range", 900, 901, 4', "EINVAL"),
        ("4.4", '"statx", -1, b"x", 0, 0, 0', "ENOSYS"),
        ("4.12", '"statx", -1, b"x", 0, 0, 0', "EBADF"),
        ("3.3", '"prctl", 36, 1', "EINVAL"),
        ("3.4", '"prctl", 36, 1', "done"),
        ("3.4", '"prctl", 22, 2, 0', "EINVAL"),
        ("3.5", '"prctl", 22, 2, 0', "EFAULT"),
        ("3.10", '"seccomp", 1, 0, 0', "ENOSYS"),
        ("4.4", '"unshare", kernel.CLONE_NEWCGROUP | kernel.CLONE_NEWNS', "EINVAL"),
        ("5.4", '"openat2", -100, b"/", 0, 0', "ENOSYS"),
    ],
)
def test_an_older_kernel_answers_as_it_did(kernel: str, call: str, answer: str) -> None:
    assert behind(["--kernel", kernel], f"{ANSWERS}print(answer({call}))") == answer + "\n"


def test_a_sandbox_answers_with_its_own_error_and_hides_no_more_than_is_named() -> None:
    program = f'{ANSWERS}print(answer("pidfd_open", 1, 0), answer("statx", -1, b"", 0, 0, 0), answer("prctl", 36, 1))'
    said = behind(["--call", "pidfd_open", "--call", "statx", "--errno", "EPERM"], program)
    assert said == "EPERM EPERM done\n"


def test_what_is_kept_stays_with_its_arguments() -> None:
    program = f'{ANSWERS}print(answer("close_range", 900, 901, 4), answer("faccessat2", -1, b"", 0, 0))'
    assert behind(["--kernel", "5.4", "--keep", "close_range"], program) == "done ENOSYS\n"


def test_a_mask_is_inherited_and_says_what_it_shows() -> None:
    inner = "from arch import mask; print(mask.worn())"
    program = f"import os, sys; os.environ.clear(); os.execv(sys.executable, [sys.executable, '-c', {inner!r}])"
    assert behind(["--kernel", "4.19"], program) == "4.19\n"
    assert behind(["--call", "statx"], program) == "calls\n"
    assert worn_mask.worn() is None


def test_a_mask_in_front_of_another_hides_what_either_does() -> None:
    inner = f'{ANSWERS}from arch import mask; print(mask.worn(), answer("statx", -1, b"", 0, 0, 0))'
    program = f"""
import subprocess, sys
command = [sys.executable, "-m", "runtime.cli.main", "mask", "--kernel", "5.4", sys.executable, "-c", {inner!r}]
subprocess.run(command, check=True)
"""
    assert behind(["--kernel", "4.4"], program) == "4.4 ENOSYS\n"


@ROOT
def test_a_report_made_behind_a_mask_is_not_taken_for_one_made_without(tmp_path: Path) -> None:
    folder, store = str(tmp_path / "reports"), str(tmp_path / "store")
    program = f"""
from probes import cache
report = cache.report({folder!r}, {store!r})
print(report.has("process.openat2"), report.kernel.get("mask"))
"""
    for flags, said in ((["--kernel", "4.19"], "False 4.19\n"), (["--call", "openat2"], "False calls\n")):
        assert behind(flags, program) == said
    assert cache.report(folder, store).has("process.openat2")
    assert behind(["--kernel", "4.19"], program) == "False 4.19\n"
    assert len(os.listdir(folder)) == 3


def test_the_program_s_status_is_that_of_the_command() -> None:
    behind(["--kernel", "4.4"], "raise SystemExit(7)", status=7)


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["--kernel", "3.10", "/no/such"], 127, "/no/such is not to be found"),
        (["--kernel", "3.10", "/etc/passwd"], 126, "cannot be executed"),
        (["--kernel", "3", "true"], 125, "'3' is not the version of a kernel"),
        (["--call", "no_such_call", "true"], 125, "no system call is called 'no_such_call'"),
        (["--call", "prctl", "true"], 125, "prctl cannot be hidden"),
        (["--kernel", "3.10", "--errno", "ENOTHING", "true"], 125, "no error is called 'ENOTHING'"),
        (["true"], 125, "nothing is to be hidden"),
        (["--kernel", "3.10"], 125, "missing argument"),
    ],
)
def test_what_cannot_be_understood_is_told(words: list[str], status: int, told: str) -> None:
    done = subprocess.run([*RUNTIME, "mask", *words], cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (status, "")
    assert told in done.stderr


def test_where_filters_cannot_be_had_it_says_so() -> None:
    program = "import sys; from runtime.cli.main import run; raise SystemExit(run(['mask', '--kernel', '3.2', 'true']))"
    command = [*RUNTIME, "mask", "--kernel", "3.2", sys.executable, "-c", program]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert done.returncode == 125
    assert "need Linux 3.5" in done.stderr


def test_masks_that_differ_have_different_identities() -> None:
    wishes = [
        Hidden((3, 10)),
        Hidden((4, 4)),
        Hidden((3, 10), ("unshare",)),
        Hidden((3, 10), errno="EPERM"),
        Hidden((3, 10), keep=("statx",)),
    ]
    plain = [mask.described(hidden).identity for hidden in wishes]
    nested = [mask.described(hidden, Mask(7, (5, 4))).identity for hidden in wishes]
    assert len({*plain, *nested}) == 10


@pytest.mark.parametrize("machine", ["arm", "arm64", "ppc64le", "riscv64", "s390x", "x86_64"])
def test_every_machine_has_masks_of_every_age(machine: str) -> None:
    counts = []
    for version in ((2, 6, 32), (3, 10), (4, 4), (4, 19), (5, 4), (6, 6)):
        hidden = Hidden(version)
        assert 0 < len(mask.compiled(hidden, mask.described(hidden), machine)) <= 8 * 4096
        counts.append(len(mask.young_calls(version, machine)))
    assert counts == sorted(set(counts), reverse=True)


def test_a_kernel_is_shown_as_it_was_said() -> None:
    for version in ((2, 6, 32), (3, 10), (5, 4), (15, 200), ()):
        assert worn_mask._unpacked(Mask(0, version).words()[3]) == version


def test_an_unknown_error_is_refused_before_anything_is_done() -> None:
    with pytest.raises(BadProfile):
        mask.wear(Hidden((3, 10), errno="errorcode"))
    assert errno.errorcode  # a name of the module that is no number
