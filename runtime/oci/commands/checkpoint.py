"""`runtime-oci checkpoint`: a running container saved to a folder, by criu."""

from __future__ import annotations

import os
import stat

from runtime import records
from runtime.oci import criu
from runtime.oci.container import RUNNING, Container, find
from runtime.oci.deletion import destroy, kill
from runtime.oci.errors import Refused
from runtime.oci.options import NUMBER, TEXT, Command, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.oci.settings import Settings

COMMAND = Command(
    "checkpoint",
    "save a running container to disk, by criu",
    "CONTAINER-ID",
    (
        *criu.OPTIONS,
        Option("parent-path", "folder of older images, seen from that of the images", TEXT),
        Option("leave-running", "let the container go on"),
        Option("pre-dump", "save memory only, and let the container go on"),
        Option("tcp-skip-in-flight", "pass over TCP connections that are not accepted yet"),
        Option("link-remap", "keep files that were unlinked by links"),
        Option("page-server", "ADDRESS:PORT of the server that takes the pages", TEXT),
        Option("status-fd", "descriptor that a zero byte is written to when lazy pages can be had", NUMBER, value=-1),
    ),
)
_LOG = "dump.log"


def execute(settings: Settings, said: dict[str, Any], arguments: list[str]) -> int:
    container = find(settings.root, arguments[0])
    status = container.status()
    if status != RUNNING:
        raise Refused(f"Container cannot be checkpointed in {status} state")
    config = container.config()
    criu.check(config)
    folders = criu.Folders(said)
    action = "pre-dump" if said["pre-dump"] else "dump"
    command = criu.arguments(action, folders, _LOG, said, config.get("annotations") or {})
    folders.make()
    command += ["--tree", str(container.record["pid"]), *_own(said, folders), *_freezer(container)]
    command += _external_namespaces(config)
    if not said["pre-dump"]:
        command += _external(container, config, folders)
    _run(command, said["status-fd"], action, folders)
    if not said["pre-dump"] and not said["leave-running"]:
        kill(container)
        destroy(container, settings.journal)
    return 0


def _own(said: dict[str, Any], folders: criu.Folders) -> list[str]:
    """What only this direction has."""
    words = []
    if said["leave-running"]:
        words.append("--leave-running")
    if said["tcp-skip-in-flight"]:
        words.append("--skip-in-flight")
    if said["link-remap"]:
        words.append("--link-remap")
    parent = said["parent-path"]
    if os.path.isabs(parent):
        raise Refused("--parent-path is to be seen from --image-path: it must not begin with a slash")
    if parent and not os.path.isdir(os.path.join(folders.images, parent)):
        raise Refused(f"invalid parent path: {os.path.join(folders.images, parent)} is no folder")
    if parent:
        words += ["--prev-images-dir", parent]
    if parent or said["pre-dump"]:
        words.append("--track-mem")
    if said["page-server"]:
        address, colon, port = said["page-server"].rpartition(":")
        if not colon or not address or not port.isdigit():
            raise Refused("--page-server is ADDRESS:PORT")
        words += ["--page-server", "--address", address, "--port", port]
    if said["status-fd"] >= 0:
        words += ["--status-fd", str(said["status-fd"])]
    return words


def _freezer(container: Container) -> list[str]:
    """Else criu stops process by process."""
    for name, path in container.record["cgroups"].items():
        if "freezer" in name.split(",") or (name == "unified" and os.path.exists(f"{path}/cgroup.freeze")):
            return ["--freeze-cgroup", path]
    return []


def _external_namespaces(config: dict[str, Any]) -> list[str]:
    words = []
    for key, path in criu.outside(config).items():
        kind = key[len("extRoot") : -len("NS")].lower()
        words += ["--external", f"{kind}[{os.stat(path).st_ino}]:{key}"]
    return words


def _external(container: Container, config: dict[str, Any], folders: criu.Folders) -> list[str]:
    """What the container has of the host's: mounts by the place where it has them, and its streams."""
    pid = container.record["pid"]
    root = os.open(f"/proc/{pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        words = [f"mnt[{place}]:{place}" for place in criu.bound(config, root)]
        words += [f"mnt[{place}]:{place}" for place in _mounts_of_cgroups(pid)]
        words += [f"mnt[{place}]:/dev/null" for place in _masked(config, root)]
    finally:
        os.close(root)
    streams, outside = _streams(pid)
    with open(f"{folders.images}/{criu.DESCRIPTORS}", "w", encoding="utf-8") as file:
        file.write(records.encode(streams))
    return [part for word in (*words, *outside) for part in ("--external", word)]


def _masked(config: dict[str, Any], root: int) -> list[str]:
    """Files; folders are covered by a tmpfs, which is the container's own."""
    found = []
    for path in (config.get("linux") or {}).get("maskedPaths") or ():
        try:
            place = criu.place(root, path)
            inner = os.stat(f"/proc/self/fd/{root}{place}", follow_symlinks=False)
        except OSError:
            continue
        if not stat.S_ISDIR(inner.st_mode):
            found.append(place)
    return found


def _mounts_of_cgroups(pid: int) -> list[str]:
    """v1: folders of ours, bound into the container one by one."""
    return [line[4] for line in _mountinfo(pid) if line[line.index("-") + 1] == "cgroup"]


def _mountinfo(pid: int) -> list[list[str]]:
    with open(f"/proc/{pid}/mountinfo", encoding="utf-8") as file:
        return [line.split() for line in file]


def _streams(pid: int) -> tuple[list[str], list[str]]:
    """The names by which criu knows descriptors 0 to 2, and those of files that lie outside of the container."""
    mounts = {line[0] for line in _mountinfo(pid)}
    names, outside = [], []
    for number in range(3):
        path = f"/proc/{pid}/fd/{number}"
        try:
            name = os.readlink(path)
        except FileNotFoundError:
            names.append("")
            continue
        if name.startswith("/"):
            mount = _mount_of(pid, number)
            if mount not in mounts:
                name = f"file[{int(mount):x}:{os.stat(path).st_ino:x}]"
                outside.append(name)
        names.append(name)
    return names, outside


def _mount_of(pid: int, descriptor: int) -> str:
    with open(f"/proc/{pid}/fdinfo/{descriptor}", encoding="ascii") as file:
        return next((line.split()[1] for line in file if line.startswith("mnt_id:")), "0")


def _run(command: list[str], status: int, action: str, folders: criu.Folders) -> None:
    from subprocess import DEVNULL, run

    kept = (status,) if status >= 0 else ()
    done = run(command, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, pass_fds=kept, check=False)
    if done.returncode:
        raise criu.failed(action, done.returncode, folders, _LOG)
