from __future__ import annotations

import pytest

from probes.finding import FILESYSTEM, KERNEL_AGE, KERNEL_CONFIG, LSM, OUTER_SECCOMP, PRIVILEGE, PROGRAM, SYSCTL
from probes.inquiry import Circumstances
from probes.remedies import INSTALL, remedy

LOCKED = {"user.max_user_namespaces": "0"}


@pytest.mark.parametrize(
    ("family", "command"),
    [
        ("debian", "apt-get install uidmap"),
        ("fedora", "dnf install shadow-utils"),
        ("fedora-old", "yum install shadow-utils"),
        ("suse", "zypper install shadow"),
        ("alpine", "apk add shadow-uidmap"),
        ("arch", "pacman -S shadow"),
        ("", "install newuidmap"),
    ],
)
def test_programs_are_installed_as_the_distribution_does(family: str, command: str) -> None:
    assert remedy("program.newuidmap", PROGRAM, Circumstances(family=family)) == command


def test_every_family_has_a_command_with_one_place_for_the_package() -> None:
    assert all(command.count("{}") == 1 for command in INSTALL.values())


def test_a_sysctl_is_given_as_the_exact_line() -> None:
    said = remedy("namespace.user", SYSCTL, Circumstances(sysctls=LOCKED, numbers=(5, 14)))
    assert said.startswith("sysctl -w user.max_user_namespaces=15000;")


def test_red_hat_7_5_wants_boot_arguments_besides() -> None:
    old = Circumstances(sysctls=LOCKED, numbers=(3, 10, 0), release="3.10.0-862.el7.x86_64", family="fedora-old")
    assert "grubby --update-kernel=ALL --args='user_namespace.enable=1" in remedy("namespace.user", SYSCTL, old)
    new = Circumstances(sysctls=LOCKED, numbers=(3, 10, 0), release="3.10.0-1160.el7.x86_64", family="fedora-old")
    assert "grubby" not in remedy("namespace.user", SYSCTL, new)


def test_ubuntus_restriction_comes_with_a_profile_for_this_very_interpreter() -> None:
    sysctls = {"kernel.apparmor_restrict_unprivileged_userns": "1"}
    said = remedy("namespace.user.nested", LSM, Circumstances(sysctls=sysctls, executable="/opt/python"))
    assert "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0" in said
    assert "profile runtime /opt/python flags=(unconfined) { userns, }" in said


def test_a_module_is_loaded_before_a_kernel_is_built() -> None:
    modular = Circumstances(options={"CONFIG_OVERLAY_FS": "m"})
    assert remedy("storage.overlay", KERNEL_CONFIG, modular).startswith("modprobe overlay")
    without = Circumstances(options={"CONFIG_OVERLAY_FS": "n"})
    assert remedy("storage.overlay", KERNEL_CONFIG, without) == "boot a kernel with CONFIG_OVERLAY_FS"


def test_an_old_kernel_is_told_the_version_it_takes() -> None:
    assert remedy("process.openat2", KERNEL_AGE, Circumstances()) == "boot Linux 5.6 or newer"


def test_swap_accounting_is_switched_on_at_boot() -> None:
    assert "swapaccount=1" in remedy("cgroup.swap", KERNEL_CONFIG, Circumstances(family="debian"))


def test_whoever_runs_the_container_around_us_is_told_in_its_words() -> None:
    assert "--security-opt" in remedy("process.clone3", OUTER_SECCOMP, Circumstances(container="docker"))
    assert "security.nesting" in remedy("process.clone3", OUTER_SECCOMP, Circumstances(container="lxc"))
    assert "sandbox" in remedy("process.clone3", OUTER_SECCOMP, Circumstances())


def test_users_are_sent_to_root_and_root_in_a_container_outside() -> None:
    assert remedy("mount.bind", PRIVILEGE, Circumstances(euid=1000)) == "run as root (sudo)"
    assert "--cap-add" in remedy("mount.bind", PRIVILEGE, Circumstances(container="docker"))


def test_xfs_without_types_is_named() -> None:
    assert "ftype=1" in remedy("storage.d_type", FILESYSTEM, Circumstances())
