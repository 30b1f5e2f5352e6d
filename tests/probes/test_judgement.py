from __future__ import annotations

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.capability import CATALOGUE
from probes.finding import (
    ABSENT,
    BLOCKERS,
    CONTAINMENT,
    DENIED,
    FILESYSTEM,
    KERNEL_AGE,
    KERNEL_CONFIG,
    LSM,
    MACHINE,
    NOBODY,
    OUTER_SECCOMP,
    PRESENT,
    PRIVILEGE,
    STATES,
    SYSCTL,
    UNKNOWN,
)
from probes.host import Outcome
from probes.inquiry import USER, Circumstances
from probes.judgement import judge, powerless

FILTERED = Circumstances(numbers=(6, 1), effective=-1, seccomp=2)
ROOT = Circumstances(numbers=(6, 1, 0), effective=-1)
EMULATED = Circumstances(numbers=(6, 1, 0), effective=-1, emulator="qemu-aarch64-static")
ORDINARY = Circumstances(numbers=(6, 1, 0), euid=1000, mode=USER)


def refused(name: str, call: str = "unshare(CLONE_NEWUSER)") -> Outcome:
    return Outcome(False, name, call)


CASES = [
    ("process.openat2", refused("ENOSYS", "openat2()"), Circumstances(numbers=(4, 19)), ABSENT, KERNEL_AGE),
    (
        "process.openat2",
        refused("ENOSYS", "openat2()"),
        Circumstances(numbers=(6, 1), seccomp=2),
        DENIED,
        OUTER_SECCOMP,
    ),
    ("process.openat2", refused("ENOSYS", "openat2()"), Circumstances(numbers=(6, 1)), ABSENT, KERNEL_CONFIG),
    ("process.openat2", refused("ENOSYS", "openat2()"), Circumstances(), ABSENT, KERNEL_CONFIG),
    ("process.openat2", refused("ENOSYS", "openat2()"), EMULATED, ABSENT, MACHINE),
    ("namespace.user", refused("EINVAL"), EMULATED, ABSENT, MACHINE),
    ("storage.overlay.userxattr", refused("EINVAL"), EMULATED, ABSENT, MACHINE),
    ("storage.aufs", refused("ENODEV", "mount(aufs)"), EMULATED, ABSENT, KERNEL_CONFIG),
    ("storage.overlay", refused("EINVAL", "mount(overlay)"), EMULATED, ABSENT, FILESYSTEM),
    ("process.openat2", Outcome(False, detail="ended by SIGSYS without an answer"), ROOT, DENIED, OUTER_SECCOMP),
    ("process.openat2", Outcome(False, detail="did not end", timeout=True), ROOT, UNKNOWN, NOBODY),
    ("process.openat2", Outcome(False, detail="KeyError: 'x'"), ROOT, UNKNOWN, NOBODY),
    ("storage.overlay", refused("ENODEV", "mount(overlay)"), ROOT, ABSENT, KERNEL_CONFIG),
    ("storage.overlay", refused("ENODEV", "mount(overlay)"), Circumstances(numbers=(3, 2)), ABSENT, KERNEL_AGE),
    ("storage.overlay", refused("EINVAL", "mount(overlay)"), ROOT, ABSENT, FILESYSTEM),
    ("storage.overlay", refused("EPERM", "mount(overlay)"), ORDINARY, DENIED, PRIVILEGE),
    ("storage.reflink", refused("EOPNOTSUPP", "ioctl(FICLONE)"), ROOT, ABSENT, FILESYSTEM),
    ("storage.loop", refused("ENOENT", "open(/dev/loop-control)"), ROOT, ABSENT, KERNEL_CONFIG),
    ("storage.chown", refused("EPERM", "chown()"), ORDINARY, DENIED, PRIVILEGE),
    ("storage.whiteout", refused("EROFS", "mkdir()"), ROOT, DENIED, FILESYSTEM),
    ("namespace.user", refused("ENOSPC"), Circumstances(sysctls={"user.max_user_namespaces": "0"}), DENIED, SYSCTL),
    ("namespace.user", refused("EPERM"), Circumstances(chroot=True, effective=-1), DENIED, CONTAINMENT),
    (
        "namespace.user",
        refused("EPERM"),
        Circumstances(euid=1000, sysctls={"kernel.unprivileged_userns_clone": "0"}),
        DENIED,
        SYSCTL,
    ),
    (
        "namespace.user",
        refused("EPERM", "write(/proc/self/uid_map)"),
        Circumstances(euid=1000, sysctls={"kernel.apparmor_restrict_unprivileged_userns": "1"}),
        DENIED,
        LSM,
    ),
    (
        "namespace.user",
        Outcome(False, "", "unshare(CLONE_NEWUSER)", "succeeded, and made no namespace"),
        Circumstances(numbers=(2, 6, 32)),
        ABSENT,
        KERNEL_AGE,
    ),
    ("process.keyring", refused("EMLINK", "keyctl()"), ROOT, DENIED, NOBODY),
    ("process.keyring", refused("EPERM", "keyctl()"), Circumstances(effective=-1, seccomp=2), DENIED, OUTER_SECCOMP),
    ("mount.proc", refused("EPERM", "mount(proc)"), Circumstances(effective=-1, container="lxc"), DENIED, CONTAINMENT),
    (
        "mount.proc",
        refused("EACCES", "mount(proc)"),
        Circumstances(effective=-1, confinement="docker-default (enforce)"),
        DENIED,
        LSM,
    ),
    ("mount.proc", refused("EPERM", "mount(proc)"), Circumstances(effective=0), DENIED, PRIVILEGE),
    ("mount.proc", refused("EIO", "mount(proc)"), ROOT, UNKNOWN, NOBODY),
]


@pytest.mark.parametrize(("capability", "outcome", "circumstances", "state", "blocker"), CASES)
def test_a_refusal_is_blamed_on_who_is_likeliest(
    capability: str, outcome: Outcome, circumstances: Circumstances, state: str, blocker: str
) -> None:
    finding = judge(capability, outcome, circumstances)
    assert (finding.state, finding.blocker) == (state, blocker), finding.reason


def test_behaviour_beats_a_version_that_is_too_old() -> None:
    finding = judge("process.openat2", Outcome(True), Circumstances(numbers=(4, 18)))
    assert finding.state == PRESENT
    assert any("older than 5.6" in line and "vendor" in line for line in finding.evidence)


def test_behaviour_beats_a_config_and_shows_it() -> None:
    denying = Circumstances(numbers=(4, 4), options={"CONFIG_OVERLAY_FS": "n"}, config_source="/boot/config-4.4")
    finding = judge("storage.overlay", Outcome(True), denying)
    assert finding.state == PRESENT
    assert "CONFIG_OVERLAY_FS is not set in /boot/config-4.4; the trial says otherwise" in finding.evidence


def test_a_config_that_promises_too_much_is_shown_beside_the_refusal() -> None:
    claiming = Circumstances(numbers=(4, 4), options={"CONFIG_PID_NS": "y"}, config_source="/proc/config.gz")
    finding = judge("namespace.pid", refused("EINVAL", "unshare(CLONE_NEWPID)"), claiming)
    assert finding.state == ABSENT
    assert "CONFIG_PID_NS = y in /proc/config.gz" in finding.evidence


def test_an_option_that_newer_kernels_no_longer_have_says_nothing_there() -> None:
    options = {"CONFIG_MEMCG_SWAP": "n"}
    assert judge("cgroup.swap", Outcome(True), Circumstances(numbers=(6, 1), options=options)).evidence == (
        "trial: it works",
    )


def test_what_was_tried_in_a_user_namespace_says_so() -> None:
    assert any("user namespace" in line for line in judge("mount.bind", Outcome(True), ORDINARY).evidence)


def test_what_could_not_be_tried_is_unknown_and_not_absent() -> None:
    finding = powerless("mount.bind", Circumstances(euid=1000, mode=""))
    assert (finding.state, finding.blocker) == (UNKNOWN, PRIVILEGE)
    assert finding.remedy == "run as root (sudo)"


circumstances_ = st.builds(
    Circumstances,
    numbers=st.one_of(st.just(()), st.tuples(st.integers(2, 7), st.integers(0, 40))),
    options=st.dictionaries(st.sampled_from(["CONFIG_USER_NS", "CONFIG_OVERLAY_FS"]), st.sampled_from("ymn")),
    euid=st.sampled_from([0, 1000]),
    effective=st.sampled_from([0, -1, 0xA80425FB]),
    seccomp=st.sampled_from([0, 2]),
    confinement=st.sampled_from(["", "profile (enforce)"]),
    container=st.sampled_from(["", "docker", "unheard-of"]),
    family=st.sampled_from(["", "debian", "fedora", "fedora-old", "unheard-of"]),
    chroot=st.booleans(),
    emulator=st.sampled_from(["", "qemu-arm"]),
    mode=st.sampled_from(["direct", "user", ""]),
)
outcomes = st.builds(
    Outcome,
    ok=st.booleans(),
    errno=st.sampled_from(["", *sorted(errno.errorcode.values()), "EOPNOTSUPP"]),
    call=st.sampled_from(["", "openat2()", "mkdir(cgroup)", "unshare(CLONE_NEWUSER)"]),
    detail=st.text(max_size=20),
    timeout=st.booleans(),
)


@given(st.sampled_from(sorted(CATALOGUE)), outcomes, circumstances_)
def test_every_outcome_comes_to_a_finding_in_known_words(
    capability: str, outcome: Outcome, circumstances: Circumstances
) -> None:
    finding = judge(capability, outcome, circumstances)
    assert finding.state in STATES
    assert finding.blocker in BLOCKERS
    assert finding.present == outcome.ok
    assert finding.evidence
    assert finding.present or finding.reason


def test_what_an_emulator_keeps_from_us_is_no_reason_for_another_kernel() -> None:
    finding = judge("seccomp.filter", refused("EINVAL", "seccomp(FILTER)"), EMULATED)
    assert finding.reason == "qemu-aarch64-static, which runs this program, refuses seccomp(FILTER) (EINVAL)"
    assert finding.remedy == "use a Python of this machine's own architecture: the kernel may well have it"
