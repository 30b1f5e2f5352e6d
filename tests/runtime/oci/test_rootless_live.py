"""`runtime-oci` as an ordinary user, with ids of his own below a user namespace."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from tests.runtime.oci.conftest import REPOSITORY, Oci

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("newuidmap") is None, reason="program.newuidmap: not installed (package uidmap)"),
]


class Person:
    """A user of this machine, with ranges of ids from useradd; gone after the tests."""

    def __init__(self) -> None:
        self.name = f"rt{os.getpid()}"
        subprocess.run(["useradd", "--no-create-home", "--shell", "/bin/sh", self.name], check=True)
        self.uid = pwd.getpwnam(self.name).pw_uid
        self.first = self._range()

    def _range(self) -> int:
        lines = Path("/etc/subuid").read_text().splitlines()
        return int(next(line.split(":")[1] for line in lines if line.startswith(self.name + ":")))

    def command(self, *words: str) -> list[str]:
        return ["setpriv", f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups", "--inh-caps=-all", *words]

    def remove(self) -> None:
        subprocess.run(["userdel", self.name], check=True, capture_output=True)


@pytest.fixture(scope="module")
def person() -> Iterator[Person]:
    someone = Person()
    yield someone
    someone.remove()


class Rootless(Oci):
    person: Person
    python: str

    def command(self, *arguments: str) -> list[str]:
        packages = Path(click.__file__).parents[1]
        environment = [f"XDG_RUNTIME_DIR={self.folder}/run", f"PYTHONPATH={REPOSITORY}:{packages}"]
        words = ["env", *environment, self.python, "-m", "runtime.oci.main", *arguments]
        return self.person.command(*words)

    def bundle(self, *arguments: str, many: bool = True, **overrides: Any) -> str:
        folder = Path(super().bundle(*arguments, **overrides))
        config = json.loads((folder / "config.json").read_text())
        linux = config["linux"]
        if "linux__cgroupsPath" not in overrides:
            del linux["cgroupsPath"]
        linux["namespaces"].append({"type": "user"})
        others = [{"containerID": 1, "hostID": self.person.first, "size": 1000}] if many else []
        own = {"containerID": 0, "hostID": self.person.uid, "size": 1}
        linux["uidMappings"] = linux["gidMappings"] = [own, *others]
        for mount in config["mounts"]:
            mount["options"] = [option for option in mount["options"] if many or not option.startswith("gid=")]
        (folder / "config.json").write_text(json.dumps(config))
        os.chmod(folder, 0o755)
        return str(folder)


@pytest.fixture
def rootless(base_rootfs: str, person: Person) -> Iterator[Rootless]:
    """In a folder that others may enter: pytest shuts its own to them whenever a run begins."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="rootless-") as name:
        folder = Path(name)
        os.chmod(folder, 0o755)
        subprocess.run(["cp", "-a", base_rootfs, f"{folder}/rootfs"], check=True)
        (folder / "run").mkdir(mode=0o700)
        for path in (folder / "run", folder / "rootfs"):
            os.chown(path, person.uid, person.uid)
        call = Rootless(folder, f"{folder}/rootfs")
        call.person = person
        call.python = _interpreter(person)
        yield call
        for left in call("list", "-q").stdout.split():
            call("delete", "--force", left)


def _interpreter(person: Person) -> str:
    for path in (sys.executable, "/usr/bin/python3"):
        probe = person.command("sh", "-c", f"exec {path} -c 'import _cffi_backend'")
        if not subprocess.run(probe, cwd="/", capture_output=True, check=False).returncode:
            return path
    pytest.skip("an ordinary user may not execute this interpreter")


@pytest.mark.parametrize("many", [True, False], ids=["a range of ids", "one id"])
def test_a_container_lives_its_whole_life(rootless: Rootless, many: bool) -> None:
    rootless("create", "--bundle", rootless.bundle("sleep", "1000", many=many), rootless.name)
    assert rootless.state()["status"] == "created"
    rootless("start", rootless.name)
    assert rootless.state()["status"] == "running"
    done = rootless("exec", rootless.name, "sh", "-c", "id -u; echo $$; cat /proc/self/uid_map; exit 7", status=7)
    said = done.stdout.split()
    assert said[:2] == ["0", "2"], "the second process of the PID namespace, as its root"
    assert said[2:5] == ["0", str(rootless.person.uid), "1"]
    assert json.loads(rootless("ps", "--format", "json", rootless.name).stdout) == [rootless.state()["pid"]]
    assert json.loads(rootless("events", "--stats", rootless.name).stdout)["type"] == "stats"
    rootless("kill", rootless.name, "KILL")
    rootless("delete", "--force", rootless.name)
    assert rootless("list", "-q").stdout == ""


def test_ids_of_a_range_are_users_inside(rootless: Rootless) -> None:
    rootless("run", "--detach", "--bundle", rootless.bundle("sleep", "1000"), rootless.name)
    assert rootless("exec", "--user", "7:8", rootless.name, "sh", "-c", "id -u; id -g").stdout == "7\n8\n"


def test_ids_that_are_others_are_refused_with_the_program_that_does_so(rootless: Rootless) -> None:
    folder = rootless.bundle("true")
    config = json.loads(Path(folder, "config.json").read_text())
    config["linux"]["uidMappings"][1]["hostID"] = 1
    Path(folder, "config.json").write_text(json.dumps(config))
    done = rootless("run", "--bundle", folder, rootless.name, status=1)
    assert "newuidmap" in done.stderr
    assert "/etc/subuid" in done.stderr


def test_states_are_in_the_users_own_folder(rootless: Rootless) -> None:
    rootless("run", "--detach", "--bundle", rootless.bundle("sleep", "1000"), rootless.name)
    assert Path(rootless.folder, "run", "runtime-oci", rootless.name, "state.json").exists()


def test_a_limit_that_nobody_delegated_is_refused_by_name(rootless: Rootless) -> None:
    bundle = rootless.bundle("true", linux__resources={"pids": {"limit": 9}})
    done = rootless("run", "--bundle", bundle, rootless.name, status=1)
    assert "pids" in done.stderr
    assert rootless("list", "-q").stdout == ""


def test_a_place_that_nobody_delegated_is_refused(rootless: Rootless) -> None:
    bundle = rootless.bundle("true", linux__cgroupsPath=f"/test-{rootless.name}")
    assert "cannot make the cgroup" in rootless("run", "--bundle", bundle, rootless.name, status=1).stderr


def test_rules_for_devices_are_left_to_the_user_namespace(rootless: Rootless) -> None:
    rules = [{"allow": False, "access": "rwm"}]
    rootless(
        "run",
        "--detach",
        "--bundle",
        rootless.bundle("sleep", "99", linux__resources={"devices": rules}),
        rootless.name,
    )
    assert rootless("exec", rootless.name, "sh", "-c", "mknod /tmp/sda b 8 0", status=None).returncode != 0
