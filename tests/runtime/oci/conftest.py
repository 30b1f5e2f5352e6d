"""`runtime-oci` on the real kernel: each test with a state folder and bundles of its own, and nothing left of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.backends.execution import bundles

REPOSITORY = Path(__file__).parents[3]


class Oci:
    """The command with its own --root. `name` is an identifier that no other test has."""

    def __init__(self, folder: Path, rootfs: str) -> None:
        self.folder = folder
        self.rootfs = rootfs
        self.root = str(folder / "state")
        self.name = f"test-{uuid.uuid4().hex[:12]}"

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "runtime.oci.main", "--root", self.root, *arguments]

    def __call__(
        self, *arguments: str, status: int | None = 0, stdin: str | None = None, **more: Any
    ) -> subprocess.CompletedProcess[str]:
        """Its output goes through files: a container that stays must not keep us waiting for the end of a pipe."""
        with open(self.folder / "out", "w+") as out, open(self.folder / "err", "w+") as err:
            done = subprocess.run(
                self.command(*arguments),
                input=stdin,
                stdin=subprocess.DEVNULL if stdin is None else None,
                stdout=out,
                stderr=err,
                text=True,
                timeout=60,
                check=False,
                cwd=REPOSITORY,
                **more,
            )
            out.seek(0)
            err.seek(0)
            answer = subprocess.CompletedProcess(done.args, done.returncode, out.read(), err.read())
        if status is not None:
            assert answer.returncode == status, answer
        return answer

    def bundle(self, *arguments: str, **overrides: Any) -> str:
        """A folder with config.json, as bundles.make_bundle has it."""
        config = bundles.make_bundle(*arguments, **overrides)
        config["root"]["path"] = self.rootfs
        config["linux"].setdefault("cgroupsPath", f"/runtime-oci-tests/{self.name}")
        folder = self.folder / f"bundle-{uuid.uuid4().hex[:8]}"
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(config))
        return str(folder)

    def shell(self, script: str, **overrides: Any) -> str:
        return self.bundle("/bin/sh", "-c", script, **overrides)

    def run(self, script: str, status: int | None = 0, **overrides: Any) -> subprocess.CompletedProcess[str]:
        return self("run", "--bundle", self.shell(script, **overrides), self.name, status=status)

    def state(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self("state", self.name).stdout)
        return answer


@pytest.fixture(scope="session")
def base_rootfs(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("base")
    os.chmod(folder, 0o755)
    return str(bundles.make_rootfs(str(folder)))


@pytest.fixture
def oci(tmp_path: Path, base_rootfs: str) -> Iterator[Oci]:
    rootfs = str(tmp_path / "rootfs")
    subprocess.run(["cp", "-al", base_rootfs, rootfs], check=True)
    runtime = Oci(tmp_path, rootfs)
    yield runtime
    for name in runtime("list", "-q").stdout.split():
        runtime("delete", "--force", name)
    with open("/proc/self/mountinfo", encoding="utf-8") as stream:
        assert str(tmp_path) not in stream.read(), "a mount was left on the host"


@pytest.fixture
def sleeping(oci: Oci) -> Oci:
    """With a container that runs."""
    oci("run", "--detach", "--bundle", oci.bundle("sleep", "1000"), oci.name)
    return oci
