from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ci import boxes

PLACE = f"{boxes.ROOT}/vagrant"
PROVISION = f"{PLACE}/provision.sh"
WANTED = (
    "centos-6 centos-7 ubuntu-12.04 ubuntu-14.04 ubuntu-16.04 ubuntu-18.04 ubuntu-20.04 ubuntu-22.04 ubuntu-24.04"
    " debian-7 debian-8 debian-9 debian-10 debian-11 debian-12 debian-13 sles-12 opensuse-15 alpine arch"
).split()
LINE = "old some/box - virtualbox 2.6.32 -"
CENTOS = """\
[base]
name=CentOS-$releasever - Base
mirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=os&infra=$infra
#baseurl=http://mirror.centos.org/centos/$releasever/os/$basearch/
gpgcheck=1
"""


def test_the_distributions_that_people_have_are_there() -> None:
    assert set(WANTED) <= set(boxes.read())


def test_a_machine_brings_a_python_that_is_new_enough_or_none() -> None:
    assert {box.python for box in boxes.read().values()} <= {"-", "python3", "python3.9", "python3.11"}


def test_a_machine_is_one_line() -> None:
    assert parsed() == boxes.Box("old", "some/box", "-", ("virtualbox",), "2.6.32", "-")


def parsed() -> boxes.Box:
    (box,) = boxes.parse(f"# said\n\n{LINE}\n").values()
    return box


@pytest.mark.parametrize("text", [LINE[:-2], f"{LINE} more", f"{LINE}\n{LINE}"])
def test_a_line_that_says_too_little_or_too_much_is_refused_by_its_number(text: str) -> None:
    with pytest.raises(boxes.Unreadable, match=r"machines:[12]: "):
        boxes.parse(text)


@pytest.mark.skipif(not shutil.which("vagrant"), reason="there is no vagrant here")
def test_vagrant_finds_the_file_valid_and_every_machine_in_it(tmp_path: Path) -> None:
    environment = {**os.environ, "VAGRANT_HOME": f"{tmp_path}/home", "VAGRANT_DOTFILE_PATH": f"{tmp_path}/dot"}
    environment |= {"VAGRANT_CHECKPOINT_DISABLE": "1"}
    # Without the plugins of the providers, whose own settings nobody can judge then.
    done = subprocess.run(["vagrant", "validate", "--ignore-provider"], cwd=PLACE, env=environment, capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert [name for name in boxes.read() if f"==> {name}:" not in done.stdout] == []


@pytest.mark.parametrize("shell", [["sh"], ["busybox", "sh"], ["bash", "--posix"]])
def test_every_shell_can_read_the_script(shell: list[str]) -> None:
    if not shutil.which(shell[0]):
        pytest.skip(f"there is no {shell[0]} here")
    subprocess.run([*shell, "-n", PROVISION], check=True)


def mirrors(name: str, etc: Path) -> None:
    environment = {**os.environ, "ETC": str(etc), "CENTOS_VAULT": "http://vault", "DEBIAN_ARCHIVE": "http://archive"}
    subprocess.run(["sh", PROVISION, "mirrors", name], check=True, env=environment)


def test_packages_of_an_old_centos_come_from_the_vault(tmp_path: Path) -> None:
    file = tmp_path / "yum.repos.d" / "CentOS-Base.repo"
    file.parent.mkdir()
    file.write_text(CENTOS, encoding="utf-8")
    mirrors("centos-6", tmp_path)
    said = file.read_text(encoding="utf-8").splitlines()
    assert "baseurl=http://vault/6.10/os/$basearch/" in said
    assert not [line for line in said if line.startswith("mirrorlist")]


def test_packages_of_an_old_debian_come_from_the_archive(tmp_path: Path) -> None:
    for name in ("apt/sources.list.d", "apt/apt.conf.d"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "apt/sources.list").write_text("deb http://deb.debian.org/debian wheezy main\n", encoding="utf-8")
    mirrors("debian-7", tmp_path)
    mirrors("debian-7", tmp_path)
    assert (tmp_path / "apt/sources.list").read_text(encoding="utf-8") == "deb http://archive wheezy main\n"
    assert "deb.debian.org" in (tmp_path / "apt/sources.list.before").read_text(encoding="utf-8")


def test_what_came_back_is_told_in_a_line(tmp_path: Path) -> None:
    outcome = {
        "kernel": "2.6.32-754",
        "python": "3.13.5",
        "selected": {"execution": "chroot", "network": ""},
        "runs": {"": {"ran": True}, "--memory 64m": {"ran": False}},
        "tests": {"status": 1, "passed": 7, "failed": 1},
    }
    (tmp_path / "outcome.json").write_text(json.dumps(outcome), encoding="utf-8")
    assert boxes.summary(str(tmp_path)) == (
        "Linux 2.6.32-754, Python 3.13.5: chroot (none); 1 of 2 containers ran; tests: 7 passed, 1 failed"
    )


def test_a_machine_that_never_came_up_says_so(tmp_path: Path) -> None:
    assert boxes.summary(str(tmp_path)) == "nothing came back"
