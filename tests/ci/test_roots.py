from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ci import cells, roots

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="python: reads TOML since 3.11")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> roots.Root:
    monkeypatch.setenv("RUNTIME_CI_CACHE", str(tmp_path / "cache"))
    return roots.Root("arm64", cells.read().machines["arm64"], "bookworm")


def test_a_mirror_that_fails_is_asked_again_and_then_told_as_that(
    root: roots.Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "bin" / "mmdebstrap"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho asked >>{tmp_path}/asked\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    with pytest.raises(roots.NotFetched, match="did not give bookworm of arm64"):
        root.make()
    assert (tmp_path / "asked").read_text() == "asked\n" * roots.FETCHES
    assert "1 of 3" in capfd.readouterr().err
    assert not root.made
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [".machines"]


def test_what_goes_into_a_root_is_in_its_name(root: roots.Root) -> None:
    machine = cells.read().machines["arm64"]
    assert root.folder == roots.Root("arm64", machine, "bookworm").folder
    others = [roots.Root("arm64", machine, "trixie"), roots.Root("ppc64le", machine, "bookworm")]
    assert len({root.folder, *(other.folder for other in others)}) == 3


def test_what_boots_a_machine_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roots, "_found", lambda program: False)
    assert ("qemu-system-aarch64", "qemu-system-arm") in roots.missing("arm64", cells.read().machines["arm64"])


def test_the_modules_of_an_initrd_come_after_what_they_need(tmp_path: Path) -> None:
    dep = "kernel/fs/ext4.ko: kernel/lib/crc16.ko kernel/fs/jbd2.ko\nkernel/fs/jbd2.ko:\nkernel/lib/crc16.ko:\n"
    (tmp_path / "modules.dep").write_text(dep + "kernel/net/veth.ko:\n")
    found = [path.rpartition("/")[2] for path in roots.modules(str(tmp_path))]
    assert found == ["jbd2.ko", "crc16.ko", "ext4.ko"]
