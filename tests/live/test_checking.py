"""`doctor --check`: images of Debian, and one that cannot start here."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

from tests.arch.test_elf import note, program
from tests.live.conftest import Runtime


def test_debians_image_starts_here(runtime: Runtime, debian: Callable[[str], str]) -> None:
    found = json.loads(runtime("doctor", "--check", debian("bookworm"), "--json").stdout)
    assert found["verdict"] == "fine"
    assert {remark["subject"] for remark in found["remarks"]} >= {"programs", "label", "machine", "kernel"}
    assert "glibc 2.36 needs Linux" in next(one["text"] for one in found["remarks"] if one["subject"] == "kernel")


def test_an_image_for_a_newer_kernel_and_another_machine_is_told_apart(runtime: Runtime, tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    with tarfile.open(archive, "w") as file:
        for name, content in (("bin/sh", program(22, order=">", notes=note(99, 0, 0, ">"))),):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            file.addfile(member, io.BytesIO(content))
    runtime("import", str(archive), "strange")
    try:
        done = runtime("doctor", "--check", "strange", status=1)
        assert done.stdout.startswith("strange: it cannot start here\n")
        assert "and /bin/sh is for s390x" in done.stdout
        assert "needs Linux 99.0.0" in done.stdout
    finally:
        runtime("rmi", "strange")


def test_what_is_no_image_is_an_error(runtime: Runtime) -> None:
    assert "nosuch" in runtime.refused("doctor", "--check", "nosuch")
