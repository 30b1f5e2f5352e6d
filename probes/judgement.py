"""From a trial's outcome to a finding: what it means, and who stands in the way. Pure.

Behaviour decides. Versions and configs only say whom to blame, and are shown where they contradict.
"""

from __future__ import annotations

from probes.finding import (
    ABSENT,
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
    SYSCTL,
    UNKNOWN,
    Finding,
)
from probes.host import Outcome
from probes.inquiry import POWERLESS, USER, Circumstances
from probes.origins import OBSOLETE, origin
from probes.remedies import remedy

_REFUSED = ("EPERM", "EACCES")
# The kernel does not know what it was asked for.
_UNKNOWN_THERE = (
    "EINVAL", "ENODEV", "ENOPROTOOPT", "EAFNOSUPPORT", "EPROTONOSUPPORT", "EOPNOTSUPP", "ENOTTY", "ENOEXEC", "ENOENT",
    "ENXIO", "ESOCKTNOSUPPORT", "EXDEV", "EBADF", "EPROTOTYPE", "E2BIG",
)  # fmt: skip
# What qemu-user answers by itself to flags, options and protocols that it does not know
_UNKNOWN_TO_EMULATORS = ("EINVAL", "ENOPROTOOPT", "EAFNOSUPPORT", "EPROTONOSUPPORT", "ESOCKTNOSUPPORT")
_FULL = ("ENOSPC", "EUSERS", "EDQUOT", "EMLINK")
# What asks for another capability than CAP_SYS_ADMIN
_TAKES = {
    "process.rlimits.raise": ("CAP_SYS_RESOURCE", 24),
    "storage.chown": ("CAP_CHOWN", 0),
    "storage.device_nodes": ("CAP_MKNOD", 27),
}
_NO_CAPABILITY_NEEDED = (
    "process.",
    "seccomp.",
    "lsm.",
    "emulation.",
    "network.netlink",
    "storage.reflink",
    "storage.d_",
)


def judge(capability: str, outcome: Outcome, circumstances: Circumstances, value: str = "") -> Finding:
    """The finding that a trial's outcome amounts to."""
    evidence = (_said(outcome), *context(capability, outcome.ok, circumstances))
    if circumstances.mode == USER and not capability.startswith(_NO_CAPABILITY_NEEDED):
        evidence += ("tried as root of a user namespace of our own",)
    if outcome.ok:
        return Finding(capability, PRESENT, "it works", evidence, value=value)
    state, blocker, reason = _meaning(capability, outcome, circumstances)
    if state == DENIED and blocker == SYSCTL:
        evidence += tuple(f"{name} = {setting}" for name, setting in circumstances.sysctls.items())
    return found(capability, state, reason, circumstances, evidence, blocker, value)


def found(
    capability: str,
    state: str,
    reason: str,
    circumstances: Circumstances,
    evidence: tuple[str, ...] = (),
    blocker: str = NOBODY,
    value: str = "",
) -> Finding:
    """A finding with the remedy that fits it."""
    advice = "" if state == PRESENT else remedy(capability, blocker, circumstances)
    return Finding(capability, state, reason, evidence, advice, blocker, value)


def powerless(capability: str, circumstances: Circumstances) -> Finding:
    """For what was not tried because nothing lets us try it."""
    reason = "not tried, for want of CAP_SYS_ADMIN or a user namespace"
    return found(capability, UNKNOWN, reason, circumstances, context(capability, False, circumstances), PRIVILEGE)


def needs_power(circumstances: Circumstances) -> bool:
    return circumstances.mode == POWERLESS


def context(capability: str, ok: bool, circumstances: Circumstances) -> tuple[str, ...]:
    """What version and config say, as far as it explains or contradicts the outcome."""
    source, lines = origin(capability), []
    if source.since:
        came = ".".join(map(str, source.since))
        if circumstances.older_than(source.since):
            lines.append(
                f"{circumstances.kernel} is older than {came}, which brought it: a vendor brought it back"
                if ok
                else f"it came with Linux {came}, this is {circumstances.kernel[6:]}"
            )
        elif not ok and circumstances.numbers:
            lines.append(f"{circumstances.kernel} should have it (since {came})")
    for option in source.options:
        said = circumstances.options.get(f"CONFIG_{option}")
        if said is None or _obsolete(option, circumstances):
            continue
        if ok and said == "n":
            lines.append(f"CONFIG_{option} is not set in {circumstances.config_source}; the trial says otherwise")
        elif not ok:
            setting = "is not set" if said == "n" else f"= {said}"
            lines.append(f"CONFIG_{option} {setting} in {circumstances.config_source}")
    return tuple(lines)


def _obsolete(option: str, circumstances: Circumstances) -> bool:
    return option in OBSOLETE and not circumstances.older_than(OBSOLETE[option])


def _said(outcome: Outcome) -> str:
    if outcome.ok:
        return "trial: it works" + (f" ({outcome.detail})" if outcome.detail else "")
    parts = [part for part in (outcome.call, outcome.errno) if part]
    text = ": ".join(parts) or "trial"
    return f"{text} ({outcome.detail})" if outcome.detail and not outcome.errno else text


def _meaning(capability: str, outcome: Outcome, circumstances: Circumstances) -> tuple[str, str, str]:
    """State, blocker and reason of a trial that failed."""
    call = outcome.call or "the trial"
    if outcome.timeout:
        return UNKNOWN, NOBODY, outcome.detail or "it did not end in time"
    if outcome.detail.startswith("ended by SIGSYS"):
        return DENIED, OUTER_SECCOMP, "a seccomp filter around us ends whoever asks"
    if not outcome.errno:
        if not outcome.call:
            return UNKNOWN, NOBODY, f"could not be tried: {outcome.detail}"
        return ABSENT, _age_or(capability, circumstances, NOBODY), f"{call}: {outcome.detail}"
    if outcome.errno == "ENOSYS":
        return _no_such_call(capability, call, circumstances)
    if outcome.errno in _FULL:
        return _full(capability, outcome, circumstances)
    if outcome.errno in _REFUSED:
        blocker, reason = _who_refuses(capability, outcome, circumstances)
        return DENIED, blocker, reason
    if outcome.errno == "EROFS":
        return DENIED, FILESYSTEM, f"{call}: the file system is read-only"
    if outcome.errno == "EINVAL" and capability == "storage.chown":
        return DENIED, PRIVILEGE, "the user namespace that we are in maps no such user"
    if outcome.errno in _UNKNOWN_THERE:
        return ABSENT, *_not_there(capability, outcome, circumstances)
    return UNKNOWN, NOBODY, f"{call} failed with {outcome.errno}"


def too_old(capability: str, circumstances: Circumstances) -> str:
    return f"{circumstances.kernel} is older than {'.'.join(map(str, origin(capability).since))}, where this came"


def _age_or(capability: str, circumstances: Circumstances, otherwise: str) -> str:
    return KERNEL_AGE if circumstances.older_than(origin(capability).since) else otherwise


def _no_such_call(capability: str, call: str, circumstances: Circumstances) -> tuple[str, str, str]:
    if circumstances.older_than(origin(capability).since):
        return ABSENT, KERNEL_AGE, too_old(capability, circumstances)
    if circumstances.seccomp == 2:
        return DENIED, OUTER_SECCOMP, f"{call} is hidden (ENOSYS) by a seccomp filter around us"
    if circumstances.emulator:
        return ABSENT, MACHINE, f"{circumstances.emulator}, which runs this program, has no {call}"
    return ABSENT, KERNEL_CONFIG, f"this kernel has no {call}"


def _not_there(capability: str, outcome: Outcome, circumstances: Circumstances) -> tuple[str, str]:
    if circumstances.older_than(origin(capability).since):
        return KERNEL_AGE, too_old(capability, circumstances)
    if circumstances.emulator and outcome.errno in _UNKNOWN_TO_EMULATORS and not outcome.call.startswith("mount("):
        return MACHINE, f"{circumstances.emulator}, which runs this program, refuses {outcome.call} ({outcome.errno})"
    if capability.startswith("storage.") and outcome.errno not in ("ENODEV", "ENXIO") and "/dev/" not in outcome.call:
        return FILESYSTEM, f"the store's file system refuses {outcome.call} ({outcome.errno})"
    if capability.startswith("emulation."):
        return NOBODY, "this kernel does not run such programs, and no interpreter is registered for them"
    return (
        KERNEL_CONFIG,
        f"not in this kernel, or its module is not loaded ({outcome.call}: {outcome.errno})",
    )


def _full(capability: str, outcome: Outcome, circumstances: Circumstances) -> tuple[str, str, str]:
    limits = [name for name, value in circumstances.sysctls.items() if name.startswith("user.max_") and value == "0"]
    if "unshare" in outcome.call or "clone" in outcome.call:
        blamed = " and ".join(limits) or "a limit of namespaces (user.max_*_namespaces, or 32 levels deep)"
        return DENIED, SYSCTL, f"{blamed} allows no more" if not limits else f"{blamed} = 0 forbids it"
    return DENIED, NOBODY, f"{outcome.call}: {outcome.errno}, a quota is used up"


def _who_refuses(capability: str, outcome: Outcome, circumstances: Circumstances) -> tuple[str, str]:
    """Whom to blame for EPERM or EACCES, the likeliest first."""
    said = f"{outcome.call or 'it'} is refused ({outcome.errno})"
    name, bit = _TAKES.get(capability, ("", 0))
    if name and not circumstances.effective >> bit & 1:
        return PRIVILEGE, f"{said}: it takes {name}"
    if capability.startswith("namespace.user") and (blamed := _user_namespace(outcome, circumstances)):
        return blamed
    unaided = capability.startswith(_NO_CAPABILITY_NEEDED)
    if outcome.call == "mkdir(cgroup)" and circumstances.euid:
        return PRIVILEGE, f"user {circumstances.euid} may make no cgroup there"
    if (circumstances.mode == USER or (circumstances.nested and not circumstances.euid)) and not unaided:
        return PRIVILEGE, f"{said} to a user namespace's root: it takes real root"
    if not unaided and not circumstances.admin:
        return PRIVILEGE, f"{said}: it takes CAP_SYS_ADMIN"
    if circumstances.seccomp == 2:
        return OUTER_SECCOMP, f"{said}, most likely by the seccomp filter around us"
    if circumstances.confinement:
        return LSM, f"{said}, most likely by the profile {circumstances.confinement}"
    if circumstances.container:
        return CONTAINMENT, f"{said} inside {circumstances.container}"
    if circumstances.euid:
        return PRIVILEGE, f"{said} to user {circumstances.euid}"
    return NOBODY, said


def _user_namespace(outcome: Outcome, circumstances: Circumstances) -> tuple[str, str] | None:
    sysctls = circumstances.sysctls
    if sysctls.get("kernel.unprivileged_userns_clone") == "0" and not circumstances.admin:
        return SYSCTL, "kernel.unprivileged_userns_clone = 0 keeps user namespaces for root"
    if sysctls.get("kernel.apparmor_restrict_unprivileged_userns") == "1" and not circumstances.admin:
        return LSM, f"AppArmor strips user namespaces of their power for programs without a profile ({outcome.call})"
    if circumstances.chroot:
        return CONTAINMENT, "the kernel makes no user namespace inside a chroot"
    if circumstances.seccomp == 2:
        return OUTER_SECCOMP, f"{outcome.call} is refused, most likely by the seccomp filter around us"
    if circumstances.confinement:
        return LSM, f"{outcome.call} is refused, most likely by the profile {circumstances.confinement}"
    if circumstances.numbers and circumstances.numbers < (3, 8):
        return KERNEL_AGE, f"{circumstances.kernel} keeps user namespaces for root (3.8 opened them)"
    return None
