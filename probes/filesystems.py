"""What the store's own file system can do, and the unions over it. The file system's name decides nothing."""

from __future__ import annotations

from probes.finding import ABSENT, UNKNOWN, Finding
from probes.host import Outcome
from probes.inquiry import DIRECT, USER, Circumstances, Inquiry
from probes.judgement import found, judge, needs_power, powerless

# statfs(2)'s f_type of what stores are kept on, for a person
MAGICS = {
    0xEF53: "ext4", 0x58465342: "xfs", 0x9123683E: "btrfs", 0x01021994: "tmpfs", 0x794C7630: "overlay", 0x6969: "nfs",
    0x858458F6: "ramfs", 0x65735546: "fuse", 0x2FC12FC1: "zfs", 0xF2F52010: "f2fs", 0x61756673: "aufs", 0x4D44: "vfat",
    0x9FA1: "proc", 0x0BD00BD0: "lustre", 0x47504653: "gpfs", 0xFF534D42: "cifs", 0x01021997: "9p",
    0x73717368: "squashfs", 0xE0F5E1E2: "erofs", 0x52654973: "reiserfs", 0x3153464A: "jfs",
}  # fmt: skip

PLAIN = (
    "storage.d_type", "storage.exchange", "storage.whiteout", "storage.reflink", "storage.copy_file_range",
    "storage.chown", "storage.device_nodes", "storage.btrfs", "storage.devicemapper", "storage.loop",
)  # fmt: skip
ATTRIBUTES = ("trusted", "user", "security")
UNIONS = ("storage.overlay", "storage.overlay.multiple", "storage.overlay.xattr", "storage.overlay.userxattr",
          "storage.overlay.legacy", "storage.aufs", "storage.fuse")  # fmt: skip


def findings(inquiry: Inquiry) -> list[Finding]:
    circumstances, store = inquiry.circumstances, inquiry.circumstances.store
    kind = file_system(inquiry)
    answers = [judge(name, inquiry.attempt(name, store), circumstances, value=kind) for name in PLAIN]
    for space in ATTRIBUTES:
        outcome = inquiry.attempt("storage.xattr", store, space, circumstances.mode or DIRECT)
        answers.append(judge(f"storage.xattr.{space}", outcome, circumstances, value=kind))
    answers.append(_owners(circumstances, answers))
    if needs_power(circumstances):
        return answers + [powerless(name, circumstances) for name in UNIONS]
    return [
        *answers,
        *_overlay(inquiry, kind),
        judge("storage.overlay.userxattr", _layered(inquiry, USER, "opaque", "userxattr"), circumstances, value=kind),
        judge(
            "storage.overlay.legacy",
            inquiry.attempt("storage.overlay.legacy", store, circumstances.mode),
            circumstances,
        ),
        judge("storage.aufs", inquiry.attempt("storage.aufs", store, circumstances.mode), circumstances),
        _fuse(inquiry),
    ]


def _fuse(inquiry: Inquiry) -> Finding:
    """Asked only where a program of ours would use it: opening the device loads its module."""
    if not inquiry.program("fuse-overlayfs"):
        return found("storage.fuse", UNKNOWN, "not tried: fuse-overlayfs is not installed", inquiry.circumstances)
    outcome = inquiry.attempt("storage.fuse", inquiry.circumstances.store, inquiry.circumstances.mode)
    return judge("storage.fuse", outcome, inquiry.circumstances)


def _owners(circumstances: Circumstances, answers: list[Finding]) -> Finding:
    """An attribute of an ordinary user's can note whose a file is to be. Root can give it away, or else nobody can."""
    attributes = next(finding for finding in answers if finding.capability == "storage.xattr.user")
    if circumstances.euid == 0 and not circumstances.nested:
        return found("storage.owners", ABSENT, "root gives files their owners", circumstances)
    return Finding("storage.owners", attributes.state, attributes.reason, attributes.evidence, attributes.remedy)


def file_system(inquiry: Inquiry) -> str:
    """The name of what the store is on, or its number; empty if it cannot be asked."""
    path = inquiry.circumstances.store
    while path:
        try:
            magic = inquiry.host.filesystem(path) & 0xFFFFFFFF
        except OSError:
            if path == "/":
                return ""
            path = path.rpartition("/")[0] or "/"
            continue
        return MAGICS.get(magic, f"{magic:#x}")
    return ""


def _layered(inquiry: Inquiry, mode: str, level: str, options: str = "") -> Outcome:
    arguments = (inquiry.circumstances.store, mode, level, *((options,) if options else ()))
    return inquiry.attempt("storage.overlay", *arguments)


def _overlay(inquiry: Inquiry, kind: str) -> list[Finding]:
    """The whole of it first: if that works, so does the rest. The value of `xattr` says which attributes it takes."""
    circumstances = inquiry.circumstances
    options = ""
    whole = _layered(inquiry, circumstances.mode, "opaque")
    if not whole.ok and (circumstances.mode == USER or circumstances.nested):
        options = "userxattr"
        whole = _layered(inquiry, circumstances.mode, "opaque", options)
    multiple = whole if whole.ok else _layered(inquiry, circumstances.mode, "multiple", options)
    single = multiple if multiple.ok else _layered(inquiry, circumstances.mode, "single", options)
    return [
        judge("storage.overlay", single, circumstances, value=kind),
        judge("storage.overlay.multiple", multiple, circumstances, value=kind),
        judge("storage.overlay.xattr", whole, circumstances, value="user" if options else "trusted"),
    ]
