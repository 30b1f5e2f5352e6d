"""What we may do: user, capabilities, subordinate ids."""

from __future__ import annotations

from dataclasses import dataclass

from probes.finding import ABSENT, PRESENT, PRIVILEGE, PROGRAM, Finding
from probes.host import Host
from probes.inquiry import CAP_SYS_ADMIN, CAP_SYS_CHROOT, Inquiry, text
from probes.judgement import found

EVERYBODY = 4294967295
ENOUGH = 65536  # ids that ordinary images expect


@dataclass(frozen=True)
class Standing:
    """This process's own: from /proc/self/status and /proc/self/uid_map."""

    euid: int
    effective: int
    bounding: int
    seccomp: int
    no_new_privs: bool
    initial: bool  # in a user namespace that maps every id to itself
    outside: int = 0  # who we are outside of this user namespace
    mapped: int = EVERYBODY  # how many ids there are in it


def standing(host: Host) -> Standing:
    status = {}
    for line in text(host, "/proc/self/status").splitlines():
        name, _, value = line.partition(":")
        status[name] = value.strip()
    mapping = text(host, "/proc/self/uid_map").split()
    euid = int(host.facts().get("euid", "0") or 0)
    return Standing(
        euid,
        _bits(status.get("CapEff"), euid),
        _bits(status.get("CapBnd"), euid),
        int(status.get("Seccomp", "0") or 0),  # the line came with 3.8
        status.get("NoNewPrivs") == "1",  # with 4.10
        mapping[:3] in ([], ["0", "0", str(EVERYBODY)]),  # no such file before 3.5
        int(mapping[1]) if mapping[:1] == ["0"] else euid,
        sum(map(int, mapping[2::3])) if mapping else EVERYBODY,
    )


def _bits(text_: str | None, euid: int) -> int:
    if text_:
        return int(text_, 16)
    return -1 if euid == 0 else 0  # no /proc: what the user implies


def findings(inquiry: Inquiry, own: Standing) -> list[Finding]:
    return [
        _root(inquiry, own),
        _admin(inquiry, own),
        _chroot(inquiry, own),
        _unreal(inquiry, own),
        _subordinate(inquiry, own),
    ]


def _root(inquiry: Inquiry, own: Standing) -> Finding:
    evidence = (
        f"effective user {own.euid}",
        f"/proc/self/uid_map: {'every id' if own.initial else 'a user namespace'}",
    )
    if own.euid == 0:
        reason = "we are root" if own.initial else "we are root, of a user namespace only"
        return Finding("privilege.root", PRESENT, reason, evidence, value="" if own.initial else "user namespace")
    reason = f"we are user {own.euid}"
    return found("privilege.root", ABSENT, reason, inquiry.circumstances, evidence, PRIVILEGE)


def _admin(inquiry: Inquiry, own: Standing) -> Finding:
    evidence = (f"CapEff {own.effective:#x}", f"CapBnd {own.bounding:#x}")
    if own.effective >> CAP_SYS_ADMIN & 1:
        return Finding("privilege.sys_admin", PRESENT, "it is in our effective set", evidence)
    reason = "it was taken from us" if own.euid == 0 else "only root has it"
    return found("privilege.sys_admin", ABSENT, reason, inquiry.circumstances, evidence, PRIVILEGE)


def _chroot(inquiry: Inquiry, own: Standing) -> Finding:
    evidence = (f"CapEff {own.effective:#x}", f"CapBnd {own.bounding:#x}")
    if own.effective >> CAP_SYS_CHROOT & 1:
        return Finding("privilege.sys_chroot", PRESENT, "it is in our effective set", evidence)
    reason = "it was taken from us" if own.euid == 0 else "only root has it"
    return found("privilege.sys_chroot", ABSENT, reason, inquiry.circumstances, evidence, PRIVILEGE)


def _unreal(inquiry: Inquiry, own: Standing) -> Finding:
    """mknod(2) of a device takes CAP_MKNOD in the first user namespace, and such mounts as one makes are nodev."""
    if own.euid == 0 and own.initial:
        return found("privilege.unreal", ABSENT, "we are the host's root", inquiry.circumstances, (), "")
    who = "the root of a user namespace" if own.euid == 0 else f"user {own.euid}"
    return Finding("privilege.unreal", PRESENT, f"we are {who}, who makes no device nodes")


def _subordinate(inquiry: Inquiry, own: Standing) -> Finding:
    """Ranges in /etc/subuid and /etc/subgid, and the set-uid programs that hand them out."""
    if own.euid == 0 and own.initial:
        return Finding("privilege.subid", PRESENT, "root may map any id", value=str(EVERYBODY))
    if own.euid == 0 and own.mapped > 1:
        return Finding("privilege.subid", PRESENT, f"{own.mapped} ids in our user namespace", value=str(own.mapped))
    uid = own.outside if own.euid == 0 else own.euid
    name = user_name(text(inquiry.host, "/etc/passwd"), uid)
    counts = [granted(text(inquiry.host, path), uid, name) for path in ("/etc/subuid", "/etc/subgid")]
    evidence = (f"/etc/subuid grants {counts[0]} ids to {name or uid}", f"/etc/subgid grants {counts[1]}")
    if not min(counts):
        reason = f"no range for {name or uid} in /etc/subuid and /etc/subgid: one user only in a container"
        return found("privilege.subid", ABSENT, reason, inquiry.circumstances, evidence, PRIVILEGE)
    missing = [program for program in ("newuidmap", "newgidmap") if inquiry.program(program) is None]
    if missing:
        reason = f"there is a range, but {' and '.join(missing)} to use it is not installed"
        return found("privilege.subid", ABSENT, reason, inquiry.circumstances, evidence, PROGRAM)
    reason = f"{min(counts)} ids" + ("" if min(counts) >= ENOUGH else ": fewer than most images expect")
    return Finding("privilege.subid", PRESENT, reason, evidence, value=str(min(counts)))


def user_name(passwd: str, uid: int) -> str:
    for line in passwd.splitlines():
        fields = line.split(":")
        if len(fields) > 2 and fields[2] == str(uid):
            return fields[0]
    return ""


def granted(ranges: str, uid: int, name: str) -> int:
    """How many ids a file in the manner of subuid(5) gives to a user."""
    total = 0
    for line in ranges.splitlines():
        fields = line.split(":")
        if len(fields) == 3 and fields[0] in (name, str(uid)) and fields[0] and fields[2].isdigit():
            total += int(fields[2])
    return total
