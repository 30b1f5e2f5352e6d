from __future__ import annotations

import pytest

from probes import init
from probes.inquiry import Circumstances, Inquiry
from tests.hosts.model import Constructed

Folders = dict[str, tuple[str, ...]]


@pytest.mark.parametrize(
    ("comm", "folders", "programs", "exe", "name"),
    [
        ("systemd", {"/run/systemd": ("system",)}, (), "", "systemd"),
        ("init", {"/run/systemd": ("system",)}, (), "/usr/lib/systemd/systemd", "systemd"),
        ("init", {"/etc": ("init",)}, ("initctl", "telinit"), "", "upstart"),
        ("init", {"/etc": ("inittab",)}, ("telinit",), "", "sysvinit"),
        ("init", {"/run": ("openrc",), "/etc": ("inittab",)}, (), "/bin/busybox", "openrc"),
        ("init", {}, (), "/bin/busybox", "busybox"),
        ("runit", {"/etc": ("runit",)}, (), "", "runit"),
        ("init", {"/etc": ("runit", "inittab")}, (), "", "sysvinit"),
        ("s6-svscan", {"/run": ("s6",)}, (), "", "s6"),
        ("tini", {}, (), "", "none"),
        ("bash", {}, (), "", "none"),
        ("something", {}, (), "", ""),
    ],
)
def test_the_init_system_is_told(comm: str, folders: Folders, programs: tuple[str, ...], exe: str, name: str) -> None:
    links = {"/proc/1/exe": exe} if exe else {}
    host = Constructed(
        "", "6.1.0", files={"/proc/1/comm": f"{comm}\n"}, folders=folders, programs=programs, links=links
    )
    assert init.system(Inquiry(host, Circumstances()))[0] == name


def test_a_kernel_without_comm_is_asked_by_stat() -> None:
    host = Constructed("", "2.6.32", files={"/proc/1/stat": "1 (init) S 0 1 1 0\n"}, folders={"/etc": ("inittab",)})
    assert init.system(Inquiry(host, Circumstances()))[0] == "sysvinit"


def test_an_unknown_one_is_unknown_and_none_only_in_a_container() -> None:
    host = Constructed("", "6.1.0", files={"/proc/1/comm": "entry\n"})
    assert init.findings(Inquiry(host, Circumstances()))[0].state == "unknown"
    assert init.findings(Inquiry(host, Circumstances(container="docker")))[0].value == "none"
