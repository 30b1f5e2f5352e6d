"""The process of `exec`, from its options. On the launch path."""

from __future__ import annotations

from runtime.oci.bundle import grant, read_object
from runtime.oci.errors import Refused
from runtime.oci.options import FLAG, MANY, NUMBER, TEXT, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.oci.journal import Journal

OPTIONS = (
    Option("process", "file of a process object, instead of the options", TEXT, "p"),
    Option("tty", "with a terminal", FLAG, "t"),
    Option("user", "UID[:GID]", TEXT, "u"),
    Option("additional-gids", "a group more", MANY, "g"),
    Option("cwd", "working folder", TEXT),
    Option("env", "NAME=VALUE", MANY, "e"),
    Option("cap", "a capability more", MANY, "c"),
    Option("apparmor", "AppArmor profile", TEXT),
    Option("process-label", "SELinux label", TEXT),
    Option("no-new-privs", "forbid new privileges"),
    Option("detach", "return as soon as the process runs", FLAG, "d"),
    Option("pid-file", "file that the process id is written to", TEXT),
    Option("console-socket", "socket that is sent the master of the terminal", TEXT),
    Option("preserve-fds", "pass that many descriptors more, from 3 on", NUMBER, value=0),
    Option("pidfd-socket", "socket that is sent a pidfd of the process", TEXT),
    Option("cgroup", "PATH or CONTROLLER[,CONTROLLER...]:PATH, below the container's own cgroup", MANY),
    Option("ignore-paused", "also in a paused container: the process waits until it goes on"),
)


def process_of(config: dict[str, Any], said: dict[str, Any], words: list[str], journal: Journal) -> dict[str, Any]:
    """Refused"""
    if said["process"]:
        process = read_object(said["process"])
        if said["tty"]:
            process["terminal"] = True
        process.setdefault("execCPUAffinity", (config.get("process") or {}).get("execCPUAffinity"))
        grant(process, config, journal)
        return process
    if not words:
        raise Refused("process args cannot be empty")
    process = dict(config.get("process") or {})
    process["args"] = words
    process["terminal"] = said["tty"]
    process["env"] = [*(process.get("env") or ()), *said["env"]]
    for option, key in (("cwd", "cwd"), ("apparmor", "apparmorProfile"), ("process-label", "selinuxLabel")):
        if said[option]:
            process[key] = said[option]
    if said["no-new-privs"]:
        process["noNewPrivileges"] = True
    process["user"] = _user(dict(process.get("user") or {}), said)
    if said["cap"]:
        sets = dict(process.get("capabilities") or {})
        for name in ("bounding", "effective", "permitted", "ambient"):
            sets[name] = [*(sets.get(name) or ()), *said["cap"]]
        process["capabilities"] = sets
    grant(process, config, journal)
    return process


def _user(user: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    if said["user"]:
        uid, _, gid = said["user"].partition(":")
        user["uid"] = _number(uid, "user")
        user["gid"] = _number(gid, "user") if gid else user.get("gid", 0)
    if said["additional-gids"]:
        more = [_number(text, "additional-gids") for text in said["additional-gids"]]
        user["additionalGids"] = [*(user.get("additionalGids") or ()), *more]
    return user


def _number(text: str, option: str) -> int:
    if not text.isdigit():
        raise Refused(f"--{option}: {text!r} is no number")
    return int(text)
