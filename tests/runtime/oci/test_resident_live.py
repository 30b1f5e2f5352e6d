"""exec where setns(2) leads into no container: behind a mask, as before Linux 3.8."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.runtime.oci.conftest import Oci
from tests.runtime.oci.test_lifecycle_live import until

pytestmark = pytest.mark.live


class Masked(Oci):
    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "runtime.cli.main", "mask", "--call", "setns", *super().command(*arguments)]


@pytest.fixture
def masked(oci: Oci) -> Masked:
    made = Masked(oci.folder, oci.rootfs)
    made.name = oci.name
    made("run", "--detach", "--bundle", made.bundle("sleep", "1000"), made.name)
    return made


def test_a_program_runs_in_the_container_and_its_status_comes_back(masked: Masked) -> None:
    done = masked("exec", masked.name, "/bin/sh", "-c", "cat; exit 3", stdin="given\n", status=3)
    assert done.stdout == "given\n"
    assert "executable file not found" in masked("exec", masked.name, "nonesuch", status=255).stderr


def test_the_pid_file_names_who_stands_for_the_program_and_passes_signals_on(masked: Masked) -> None:
    noted = masked.folder / "pid"
    script = "trap 'echo told >/tmp/told; exit' USR1; echo >/tmp/ready; while :; do sleep 0.05; done"
    masked("exec", "--detach", "--pid-file", str(noted), masked.name, "/bin/sh", "-c", script)
    pid = int(noted.read_text())
    until(lambda: Path(masked.rootfs, "tmp", "ready").exists())
    os.kill(pid, signal.SIGUSR1)
    until(lambda: Path(masked.rootfs, "tmp", "told").exists())


def test_it_is_created_by_one_and_started_by_another(oci: Oci) -> None:
    masked = Masked(oci.folder, oci.rootfs)
    masked.name = oci.name
    masked("create", "--bundle", masked.bundle("sleep", "1000"), masked.name)
    assert masked("exec", masked.name, "echo", "before").stdout == "before\n"
    masked("start", masked.name)
    assert masked("exec", masked.name, "echo", "after").stdout == "after\n"
    masked("delete", "--force", masked.name)
    assert not os.path.exists(f"{masked.root}/{masked.name}")
