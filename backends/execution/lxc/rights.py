"""What the program may do, as lxc's configuration says it: capabilities, users, labels. Pure."""

from __future__ import annotations

from backends.execution.configuration import integer, items, mappings, need, refuse, section, text
from backends.execution.processes import mask
from backends.security.capabilities import NUMBERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.execution.lxc.document import Document
    from probes.report import HostReport

_SETS = "process.capabilities"


def add_rights(document: Document, bundle: dict[str, Any], report: HostReport) -> None:
    process = section(bundle, "process", "process")
    _capabilities(document, process)
    _user(document, process)
    if process.get("noNewPrivileges"):
        need(report, "process.no_new_privs", "process.noNewPrivileges", "no_new_privs")
        document.add("lxc.no_new_privs", "1", "process.noNewPrivileges")
    for key, word, capability in (
        ("apparmorProfile", "lxc.apparmor.profile", "lsm.apparmor"),
        ("selinuxLabel", "lxc.selinux.context", "lsm.selinux"),
    ):
        label = text(process, key, f"process.{key}")
        if label and (label != "unconfined" or report.has(capability)):
            need(report, capability, f"process.{key}", "that label")
            document.add(word, label, f"process.{key}")


def _capabilities(document: Document, process: dict[str, Any]) -> None:
    """lxc bounds them; what the program then has follows from its user, as execve(2) does it: root all of the bounding
    set, others none."""
    sets = section(process, "capabilities", _SETS)
    bounding, effective, permitted, inheritable, ambient = (
        mask(sets, name) for name in ("bounding", "effective", "permitted", "inheritable", "ambient")
    )
    uid = integer(section(process, "user", "process.user"), "uid", "process.user.uid")
    given = bounding if uid == 0 else 0
    for name, bits in (("effective", effective), ("permitted", permitted)):
        if bits != given:
            whose = "those of the bounding set" if uid == 0 else "none"
            raise refuse(f"{_SETS}.{name}", f"lxc gives user {uid} {whose}, which is not what is asked for")
    for name, bits in (("inheritable", inheritable), ("ambient", ambient)):
        if bits:
            raise refuse(f"{_SETS}.{name}", "lxc gives none of that kind")
    kept = [_lxc_name(name) for name, number in NUMBERS.items() if bounding >> number & 1]
    if document.dialect.knows("lxc.cap.keep"):
        document.add("lxc.cap.keep", " ".join(kept) or "none", f"{_SETS}.bounding")
        return
    dropped = [_lxc_name(name) for name, number in NUMBERS.items() if not bounding >> number & 1]
    document.add("lxc.cap.drop", " ".join(dropped), f"{_SETS}.bounding")


def _lxc_name(name: str) -> str:
    return name[len("CAP_") :].lower()


def _user(document: Document, process: dict[str, Any]) -> None:
    user = section(process, "user", "process.user")
    for key in ("uid", "gid"):
        number = integer(user, key, f"process.user.{key}")
        if number or document.dialect.knows(f"lxc.init.{key}"):
            document.add(f"lxc.init.{key}", str(number), f"process.user.{key}")
    groups = items(user, "additionalGids", "process.user.additionalGids", int)
    if groups:
        document.add("lxc.init.groups", ",".join(map(str, groups)), "process.user.additionalGids")
    if integer(user, "umask", "process.user.umask", 0o022) != 0o022:
        raise refuse("process.user.umask", "lxc has no word for it")


def add_users(document: Document, linux: dict[str, Any]) -> None:
    """linux.uidMappings and gidMappings."""
    for key, letter in (("uidMappings", "u"), ("gidMappings", "g")):
        for line in mappings(linux, key, "linux"):
            said = f"{letter} {line['containerID']} {line['hostID']} {line['size']}"
            document.add("lxc.idmap", said, f"linux.{key}")
