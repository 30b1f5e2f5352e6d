"""Images against recorded hosts. The whole text is in checks.txt; RUNTIME_GOLDEN=write writes it, to be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from arch import names
from arch.elf import Executable
from probes.finding import DENIED, OUTER_SECCOMP, Finding
from probes.report import HostReport
from runtime.cli.commands.doctor import told
from runtime.doctor.contents import Contents, Program
from runtime.doctor.examination import DOUBTFUL, FATAL, FINE, Remark, examine, status, vsyscall_mode, worst
from tests.hosts import expected

GOLDEN = Path(__file__).parent / "checks.txt"


def image(
    machine: names.Architecture = names.X86_64,
    label: str = "",
    libc: str = "glibc 2.36",
    kernel: tuple[int, int, int] | None = (3, 2, 0),
    systemd: int = 0,
    align: int = 0x10000,
) -> Contents:
    executable = Executable(machine, machine.debian[0], "shared", "/lib/ld.so", kernel=kernel, align=align)
    label = label or machine.oci
    return Contents(f"linux/{label}", label, (Program("/bin/sh", executable),), libc, kernel, systemd, systemd > 0)


def refusing(host: str) -> HostReport:
    """A host whose outer filter refuses young calls with EPERM."""
    found = expected.report(host)
    changed = Finding("process.clone3", DENIED, "refused", ("clone3(): EPERM",), blocker=OUTER_SECCOMP)
    rest = [finding for finding in found.findings if finding.capability != "process.clone3"]
    return HostReport(found.machine, found.kernel, found.distribution, [*rest, changed], found.privileged)


# what it is, the image, the host, its vsyscall mode
CASES: list[tuple[str, Contents, HostReport, str]] = [
    ("Debian 12 on RHEL 6", image(), expected.report("rhel-6"), "emulate"),
    ("Debian 12 on Fedora 40", image(), expected.report("fedora-40"), "xonly"),
    ("CentOS 6 without vsyscalls", image(libc="glibc 2.12", kernel=(2, 6, 18)), expected.report("vm-root"), "none"),
    ("CentOS 6 with vsyscalls", image(libc="glibc 2.12", kernel=(2, 6, 18)), expected.report("vm-root"), "xonly"),
    ("a label that lies", image(names.ARM64, label="amd64", kernel=(3, 7, 0)), expected.report("vm-root"), "xonly"),
    ("arm64 without an emulator", image(names.ARM64, kernel=(3, 7, 0)), expected.report("vm-root"), "xonly"),
    ("CentOS 7's systemd on v2 alone", image(libc="glibc 2.17", kernel=(2, 6, 32), systemd=219),
     expected.report("fedora-40"), "xonly"),
    ("systemd 258 on v1 alone", image(systemd=258), expected.report("centos-7"), "emulate"),
    ("a packed program on 64 KiB pages", image(names.PPC64LE, kernel=(3, 10, 0), align=4096),
     expected.report("ppc64le-64k"), ""),
    ("Alpine in an old sandbox", image(libc="musl 1.2.4", kernel=None), refusing("inside-docker"), "xonly"),
    ("Debian 12 in an old sandbox", image(), refusing("inside-docker"), "xonly"),
    ("32-bit arm in an old sandbox", image(names.ARM), refusing("arm64-debian-12"), ""),
    ("32-bit arm on a Raspberry Pi", image(names.ARM), expected.report("arm64-debian-12"), ""),
    ("an image without programs", Contents("linux/amd64", "amd64"), expected.report("vm-root"), "xonly"),
]  # fmt: skip


def test_each_image_is_told_what_awaits_it() -> None:
    text = "".join(
        "\n".join([*told(name, examine(contents, report, mode)), "", ""]) for name, contents, report, mode in CASES
    )
    if os.environ.get("RUNTIME_GOLDEN") == "write":
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


@pytest.mark.parametrize(
    ("verdicts", "code", "said"),
    [((FINE,), 0, FINE), ((FINE, DOUBTFUL), 3, DOUBTFUL), ((DOUBTFUL, FATAL, FINE), 1, FATAL), ((), 0, FINE)],
)
def test_the_status_is_that_of_the_worst(verdicts: tuple[str, ...], code: int, said: str) -> None:
    remarks = [Remark("x", verdict, "y") for verdict in verdicts]
    assert (status(remarks), worst(remarks)) == (code, said)


def test_every_remark_that_is_not_fine_advises_something() -> None:
    remarks = [remark for _, contents, report, mode in CASES for remark in examine(contents, report, mode)]
    assert [remark for remark in remarks if remark.verdict != FINE and not remark.advice] == []


@pytest.mark.parametrize(
    ("maps", "mode"),
    [
        ("7fff r-xp 0 [stack]\nffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0   [vsyscall]\n", "xonly"),
        ("ffffffffff600000-ffffffffff601000 r-xp 00000000 00:00 0   [vsyscall]\n", "emulate"),
        ("7fff rw-p 0 [stack]\n", "none"),
        ("", ""),
    ],
)
def test_the_vsyscall_page_is_seen_in_the_maps(maps: str, mode: str) -> None:
    assert vsyscall_mode(maps) == mode
