"""Running a bundle from a test: `run(bundle)` gives what it said and how it ended."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

_HERE = os.path.dirname(os.path.abspath(__file__))
_TOP = os.path.abspath(os.path.join(_HERE, "..", "..", ".."))
_LAUNCHER = os.path.join(_HERE, "launcher.py")
_LIMIT = 30


class Result:
    """`status` as os.waitstatus_to_exitcode has it; `error` the name of the exception, or empty."""

    def __init__(self, answer: dict[str, Any], stdout: str, stderr: str) -> None:
        self.answer = answer
        self.stdout = stdout
        self.stderr = stderr
        self.error: str = answer.get("error", "")
        self.text: str = answer.get("text", "")
        self.hint: str = answer.get("hint", "")
        self.console: str = answer.get("console", "")
        self.status: int = answer.get("status", -1000)

    def __repr__(self) -> str:
        return f"Result({self.answer}, {self.stdout!r}, {self.stderr!r})"


Run = Callable[..., Result]


def order(bundle: dict[str, Any], rootfs: str, **more: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "bundle": bundle,
        "rootfs": rootfs,
        "report": {},
        "options": {},
        "cgroup": {},
        "enter": [],
        "signals": [],
    }
    return {**base, **more}


def command(wanted: dict[str, Any]) -> list[str]:
    return [sys.executable, "-I", _LAUNCHER, json.dumps(wanted), json.dumps([_TOP])]


@pytest.fixture(scope="session")
def bundles() -> ModuleType:
    """tests/backends/execution/bundles.py: with --import-mode=importlib, tests have no package to import it from."""
    specification = importlib.util.spec_from_file_location("execution_bundles", os.path.join(_HERE, "bundles.py"))
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def base_rootfs(tmp_path_factory: pytest.TempPathFactory, bundles: ModuleType) -> str:
    """Made once a worker; tests that change it take `rootfs`."""
    folder = tmp_path_factory.mktemp("base")
    os.chmod(folder, 0o755)
    return str(bundles.make_rootfs(str(folder)))


@pytest.fixture
def rootfs(base_rootfs: str, tmp_path: Any) -> Iterator[str]:
    """A root of this test's own: links to the files of the common one."""
    target = str(tmp_path / "rootfs")
    subprocess.run(["cp", "-al", base_rootfs, target], check=True)
    yield target
    with open("/proc/self/mountinfo", encoding="utf-8") as stream:
        assert str(tmp_path) not in stream.read(), "a mount was left on the host"


@pytest.fixture
def public_rootfs(base_rootfs: str) -> Iterator[str]:
    """One that an ordinary user can walk to: pytest keeps its folders closed."""
    folder = tempfile.mkdtemp()
    os.chmod(folder, 0o755)
    subprocess.run(["cp", "-al", base_rootfs, f"{folder}/rootfs"], check=True)
    yield f"{folder}/rootfs"
    shutil.rmtree(folder)


@pytest.fixture
def launching() -> tuple[Callable[..., dict[str, Any]], Callable[[dict[str, Any]], list[str]]]:
    """(order, command), for tests that handle the launcher themselves."""
    return order, command


@pytest.fixture
def run(rootfs: str) -> Run:
    def do(
        bundle: dict[str, Any], stdin: str = "", pass_fds: tuple[int, ...] = (), root: str = rootfs, **more: Any
    ) -> Result:
        reading, writing = os.pipe()
        try:
            done = subprocess.run(
                command(order(bundle, root, answer=writing, **more)),
                input=stdin,
                capture_output=True,
                text=True,
                timeout=_LIMIT,
                pass_fds=(writing, *pass_fds),
                check=False,
            )
        finally:
            os.close(writing)
        with open(reading, encoding="utf-8") as stream:
            said = stream.read()
        assert said, f"the launcher died: {done.stderr}"
        return Result(json.loads(said), done.stdout, done.stderr)

    return do
