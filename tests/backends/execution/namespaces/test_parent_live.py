"""What becomes of a container whose parent dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from types import ModuleType
from typing import Any

import pytest

pytestmark = pytest.mark.live

LIMIT = 10.0


def _gone(mark: str) -> bool:
    """Whether no process has the mark in its environment."""
    for name in os.listdir("/proc"):
        if name.isdigit() and name != str(os.getpid()):
            try:
                with open(f"/proc/{name}/environ", "rb") as stream:
                    if f"MARK={mark}".encode() in stream.read():
                        return False
            except OSError:
                continue
    return True


def _await(condition: Any) -> bool:
    end = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def _launch(order: Any, command: Any, mark: str, wanted: dict[str, Any], rootfs: str) -> tuple[Any, int]:
    reading, writing = os.pipe()
    process = subprocess.Popen(
        command(order(wanted, rootfs, answer=writing, linger=True)),
        pass_fds=(writing,),
        env={**os.environ, "MARK": mark},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    return process, reading


@pytest.mark.parametrize("delay", [0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08])
def test_a_parent_killed_at_any_moment_leaves_no_process(
    launching: Any, bundles: ModuleType, rootfs: str, delay: float
) -> None:
    order, command = launching
    mark = f"{os.getpid()}-{delay}"
    bundle = bundles.make_bundle("/bin/sleep", "60", process__env=["PATH=/bin", f"MARK={mark}"])
    process, reading = _launch(order, command, mark, bundle, rootfs)
    time.sleep(0.06 + delay)  # the launcher's own start takes about that long; the moment is the test's subject
    process.send_signal(signal.SIGKILL)
    process.wait()
    os.close(reading)
    assert _await(lambda: _gone(mark))


def test_a_container_that_must_not_die_with_its_parent_lives_on(
    launching: Any, bundles: ModuleType, rootfs: str
) -> None:
    order, command = launching
    reading, writing = os.pipe()
    wanted = order(
        bundles.make_bundle("/bin/sleep", "60"),
        rootfs,
        answer=writing,
        linger=True,
        options={"die_with_parent": False},
    )
    with subprocess.Popen(command(wanted), pass_fds=(writing,), stderr=subprocess.DEVNULL) as process:
        os.close(writing)
        with open(reading, encoding="utf-8") as stream:
            pid = json.loads(stream.readline())["pid"]
            process.send_signal(signal.SIGKILL)
            process.wait()
        try:
            os.kill(pid, 0)
        finally:
            os.kill(pid, signal.SIGKILL)
    assert _await(lambda: not os.path.exists(f"/proc/{pid}"))
