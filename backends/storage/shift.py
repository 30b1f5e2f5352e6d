"""Showing a folder with its owners shifted into a user namespace: what belongs to 0 on disk belongs to its root.

By an idmapped mount, mount_setattr(2), Linux 5.12; overlay takes such folders as layers since 5.19. On the launch path.
"""

from __future__ import annotations

import os

from arch import kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    # OCI's linux.uidMappings and linux.gidMappings: {"containerID", "hostID", "size"} each.
    Mapping = list[dict[str, int]]


class Owners:
    """Which ids stand for which, as a container's user namespace has them."""

    __slots__ = ("gids", "uids")

    def __init__(self, uids: Mapping, gids: Mapping) -> None:
        self.uids = uids
        self.gids = gids

    def outside(self, uid: int, gid: int) -> tuple[int, int]:
        """Who somebody of the container is on the host. KeyError for an id that is not mapped."""
        return _outside(self.uids, uid), _outside(self.gids, gid)

    def impersonate(self) -> None:
        """Makes this process, a child that has one thing to do, the container's root, with all of our capabilities."""
        uid, gid = self.outside(0, 0)
        _, permitted, inheritable = kernel.capget()
        os.setegid(gid)
        os.seteuid(uid)  # takes the effective capabilities away, not the permitted ones (capabilities(7))
        kernel.capset(permitted, permitted, inheritable)


def _outside(mapping: Mapping, number: int) -> int:
    for line in mapping:
        if line["containerID"] <= number < line["containerID"] + line["size"]:
            return line["hostID"] + number - line["containerID"]
    raise KeyError(number)


def show(source: str, target: str, owners: Owners) -> None:
    """Mounts the folder `source` on `target`, all that is in it with shifted owners. OSError."""
    owner = namespace(owners)
    try:
        tree = kernel.open_tree(kernel.AT_FDCWD, source, kernel.OPEN_TREE_CLONE | kernel.OPEN_TREE_CLOEXEC)
        try:
            kernel.mount_setattr(tree, "", kernel.AT_EMPTY_PATH, kernel.MOUNT_ATTR_IDMAP, 0, kernel.MS_PRIVATE, owner)
            kernel.move_mount(tree, "", kernel.AT_FDCWD, target, kernel.MOVE_MOUNT_F_EMPTY_PATH)
        finally:
            os.close(tree)
    finally:
        os.close(owner)


def namespace(owners: Owners) -> int:
    """A user namespace with these maps, as a descriptor: it lives as long as something refers to it. OSError."""
    ready, tell = os.pipe2(os.O_CLOEXEC)
    hold, release = os.pipe2(os.O_CLOEXEC)
    child = os.fork()
    if child == 0:
        try:
            os.close(release)
            kernel.unshare(kernel.CLONE_NEWUSER)
            os.write(tell, b"\0")
            os.read(hold, 1)
        finally:
            os._exit(0)
    os.close(tell)
    os.close(hold)
    try:
        if not os.read(ready, 1):
            raise PermissionError(1, "unshare(CLONE_NEWUSER) is refused", f"/proc/{child}/ns/user")
        for name, mapping in (("uid_map", owners.uids), ("gid_map", owners.gids)):
            _write(f"/proc/{child}/{name}", mapping)
        return os.open(f"/proc/{child}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(ready)
        os.close(release)
        os.waitpid(child, 0)


def _write(path: str, mapping: Mapping) -> None:
    lines = "".join(f"{line['containerID']} {line['hostID']} {line['size']}\n" for line in mapping)
    with open(path, "wb", 0) as file:
        file.write(lines.encode("ascii"))  # one write(2), user_namespaces(7)
