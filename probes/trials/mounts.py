"""Mounts, each tried on a scratch folder in a mount namespace of the trial's own."""

from __future__ import annotations

import os

from arch import kernel
from probes.trials.attempt import USER, Failed, call, enter, in_child, inode, write

SMALL = "size=64k"


def _stage(scratch: str, mode: str, flags: int = 0) -> str:
    """A mount namespace with an empty tmpfs on `scratch`."""
    enter(mode, kernel.CLONE_NEWNS | flags)
    call("mount(tmpfs)", kernel.mount, "tmpfs", scratch, "tmpfs", 0, SMALL)
    return scratch


def _folder(*parts: str) -> str:
    path = os.path.join(*parts)
    os.mkdir(path)
    return path


def tmpfs(scratch: str, mode: str) -> str:
    _stage(scratch, mode)
    with open(os.path.join(scratch, "file"), "w", encoding="ascii") as file:
        file.write("x")
    return ""


def bind(scratch: str, mode: str) -> str:
    _stage(scratch, mode)
    source, target = _folder(scratch, "source"), _folder(scratch, "target")
    _folder(source, "mark")
    call("mount(MS_BIND)", kernel.mount, source, target, None, kernel.MS_BIND)
    if not os.path.isdir(os.path.join(target, "mark")):
        raise Failed("mount(MS_BIND)", 0, "succeeded, and the source is not seen at the target")
    flags = kernel.MS_BIND | kernel.MS_REMOUNT | kernel.MS_RDONLY
    call("mount(MS_BIND|MS_REMOUNT|MS_RDONLY)", kernel.mount, None, target, None, flags)
    return "bound, and made read-only"


def propagation(scratch: str, mode: str) -> str:
    """A slave sees what its master mounts, and a private mount does not."""
    _stage(scratch, mode)
    call("mount(MS_SHARED)", kernel.mount, None, scratch, None, kernel.MS_SHARED)
    for kind, seen in ((kernel.MS_SLAVE, True), (kernel.MS_PRIVATE, False)):
        copy, below = _folder(scratch, f"copy{kind}"), _folder(scratch, f"below{kind}")
        call("mount(MS_BIND)", kernel.mount, scratch, copy, None, kernel.MS_BIND)
        call(f"mount({'MS_SLAVE' if seen else 'MS_PRIVATE'})", kernel.mount, None, copy, None, kind)
        call("mount(tmpfs)", kernel.mount, "tmpfs", below, "tmpfs", 0, SMALL)
        _folder(below, "mark")
        if os.path.isdir(os.path.join(copy, os.path.basename(below), "mark")) != seen:
            raise Failed("mount(MS_SLAVE|MS_PRIVATE)", 0, "succeeded, without its effect")
        call("umount()", kernel.umount, below, kernel.MNT_DETACH)
    return ""


def pivot_root(scratch: str, mode: str) -> str:
    _stage(scratch, mode)
    _folder(scratch, "old")
    os.chdir(scratch)
    call("pivot_root()", kernel.pivot_root, ".", "old")
    os.chdir("/")
    call("umount(old root)", kernel.umount, "/old", kernel.MNT_DETACH)
    if os.listdir("/") != ["old"]:
        raise Failed("pivot_root()", 0, "succeeded, and the root is another")
    return ""


def move(scratch: str, mode: str) -> str:
    """MS_MOVE over the root, then chroot: the way out of a ramfs."""
    _stage(scratch, mode)
    os.chdir(scratch)
    call("mount(MS_MOVE)", kernel.mount, ".", "/", None, kernel.MS_MOVE)
    call("chroot()", os.chroot, ".")
    os.chdir("/")
    if os.listdir("/"):
        raise Failed("mount(MS_MOVE)", 0, "succeeded, and the root is another")
    return ""


def api(scratch: str, mode: str) -> str:
    _stage(scratch, mode)
    context = call("fsopen(tmpfs)", kernel.fsopen, "tmpfs", kernel.FSOPEN_CLOEXEC)
    call("fsconfig(size)", kernel.fsconfig, context, kernel.FSCONFIG_SET_STRING, "size", "64k", 0)
    call("fsconfig(CMD_CREATE)", kernel.fsconfig, context, kernel.FSCONFIG_CMD_CREATE, None, None, 0)
    tree = call("fsmount()", kernel.fsmount, context, kernel.FSMOUNT_CLOEXEC, 0)
    target = _folder(scratch, "target")
    before = os.stat(target).st_dev
    call("move_mount()", kernel.move_mount, tree, "", kernel.AT_FDCWD, target, kernel.MOVE_MOUNT_F_EMPTY_PATH)
    if os.stat(target).st_dev == before:
        raise Failed("move_mount()", 0, "succeeded, and nothing is mounted")
    flags = kernel.OPEN_TREE_CLONE | kernel.OPEN_TREE_CLOEXEC
    call("open_tree(OPEN_TREE_CLONE)", kernel.open_tree, kernel.AT_FDCWD, target, flags)
    return ""


def setattr_(scratch: str, mode: str) -> str:
    """Recursively read-only: a mount below must become so too."""
    _stage(scratch, mode)
    below = _folder(scratch, "below")
    call("mount(tmpfs)", kernel.mount, "tmpfs", below, "tmpfs", 0, SMALL)
    arguments = (kernel.AT_FDCWD, scratch, kernel.AT_RECURSIVE, kernel.MOUNT_ATTR_RDONLY, 0)
    call("mount_setattr(AT_RECURSIVE, RDONLY)", kernel.mount_setattr, *arguments)
    try:
        os.mkdir(os.path.join(below, "x"))
    except OSError:
        return ""
    raise Failed("mount_setattr(AT_RECURSIVE, RDONLY)", 0, "succeeded, and a mount below is still writable")


def idmap(scratch: str, mode: str) -> str:
    """An idmapped mount of the store's own file system: each file system had to learn it. Needs real root."""
    if mode == USER:
        raise Failed("mount_setattr(MOUNT_ATTR_IDMAP)", 1, "only for root of the file system's own user namespace")
    owner = _folder(scratch, "owned")
    descriptor = _mapped_namespace()
    enter(mode, kernel.CLONE_NEWNS)
    flags = kernel.OPEN_TREE_CLONE | kernel.OPEN_TREE_CLOEXEC
    tree = call("open_tree(OPEN_TREE_CLONE)", kernel.open_tree, kernel.AT_FDCWD, owner, flags)
    arguments = (tree, "", kernel.AT_EMPTY_PATH, kernel.MOUNT_ATTR_IDMAP, 0, 0, descriptor)
    call("mount_setattr(MOUNT_ATTR_IDMAP)", kernel.mount_setattr, *arguments)
    if os.fstat(tree).st_uid != 100000:
        raise Failed("mount_setattr(MOUNT_ATTR_IDMAP)", 0, f"the owner is shown as {os.fstat(tree).st_uid}")
    return "user 0 shows as 100000"


def _mapped_namespace() -> int:
    """A user namespace that maps 0 to 100000, held open."""
    ready, release = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(release[1])
        try:
            kernel.unshare(kernel.CLONE_NEWUSER)
            os.write(ready[1], b".")
            os.read(release[0], 1)
        finally:
            os._exit(0)
    os.close(release[0])
    os.close(ready[1])
    try:
        if os.read(ready[0], 1) != b".":
            raise Failed("unshare(CLONE_NEWUSER)", 0, "failed in the helper")
        for kind in ("uid", "gid"):
            call(f"write({kind}_map)", write, f"/proc/{pid}/{kind}_map", "0 100000 65536\n")
        return os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(release[1])
        os.waitpid(pid, 0)


def proc(scratch: str, mode: str) -> str:
    """A proc of a new PID namespace, which before Linux 3.8 only clone(2) makes; of our own where there are none. In a
    container whose own /proc is masked the kernel refuses it."""
    enter(mode, kernel.CLONE_NEWNS)

    def inside(shown: str = "1") -> str:
        call("mount(proc)", kernel.mount, "proc", scratch, "proc", 0, None)
        if os.readlink(os.path.join(scratch, "self")) != shown:
            raise Failed("mount(proc)", 0, "shows another PID namespace")
        return ""

    try:
        return in_child(inside, lambda: kernel.clone(kernel.CLONE_NEWPID))
    except Failed as failure:
        if failure.call != "fork()":
            raise
    inside(os.readlink("/proc/self"))
    return "of our own PID namespace: no other is to be had"


def sysfs(scratch: str, mode: str) -> str:
    enter(mode, kernel.CLONE_NEWNS | kernel.CLONE_NEWNET)
    call("mount(sysfs)", kernel.mount, "sysfs", scratch, "sysfs", 0, None)
    interfaces = sorted(os.listdir(os.path.join(scratch, "class/net")))
    return f"interfaces in it: {' '.join(interfaces)}"


def devpts(scratch: str, mode: str) -> str:
    """An instance of its own: before Linux 4.7 that took `newinstance` and a kernel option, else all are one."""
    enter(mode, kernel.CLONE_NEWNS)
    outside = inode_device("/dev/pts")
    call("mount(devpts)", kernel.mount, "devpts", scratch, "devpts", 0, "newinstance,ptmxmode=0666,mode=0620")
    if inode_device(scratch) == outside:
        raise Failed("mount(devpts)", 0, "is the host's instance, not one of its own")
    master = call("open(ptmx)", os.open, os.path.join(scratch, "ptmx"), os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    os.close(master)
    return ""


def inode_device(path: str) -> int:
    try:
        return os.stat(path).st_dev
    except OSError:
        return -1


def mqueue(scratch: str, mode: str) -> str:
    before = inode("/proc/self/ns/ipc")
    enter(mode, kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC)
    if before and inode("/proc/self/ns/ipc") == before:
        raise Failed("unshare(CLONE_NEWIPC)", 0, "succeeded, and made no namespace")
    call("mount(mqueue)", kernel.mount, "mqueue", scratch, "mqueue", 0, None)
    return ""


def kind(scratch: str, mode: str, name: str) -> str:
    """Whether a file system without a device can be mounted at all: binfmt_misc, cgroup2."""
    enter(mode, kernel.CLONE_NEWNS)
    call(f"mount({name})", kernel.mount, name, scratch, name, 0, None)
    return " ".join(sorted(os.listdir(scratch))[:8])
