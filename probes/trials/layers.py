"""Union mounts in the store's own folder: what overlay needs of a file system is only known by trying it there."""

from __future__ import annotations

import os

from arch import kernel
from probes.trials.attempt import USER, Failed, call, enter


def _tree(scratch: str) -> None:
    """Two lower folders, an upper one, a work folder and a place to mount on; relative names keep a store's path, with
    whatever commas and colons it has, out of the options."""
    os.chdir(scratch)
    for name in ("lower", "deeper", "upper", "work", "merged", "lower/folder", "deeper/only"):
        os.mkdir(name)
    for name in ("lower/file", "lower/gone", "lower/folder/old"):
        with open(name, "w", encoding="ascii") as file:
            file.write("x")


def overlay(scratch: str, mode: str, level: str, options: str = "") -> str:
    """`level`: single (one lower layer), multiple (two), opaque (two, and a replaced folder stays replaced)."""
    _tree(scratch)
    enter(mode, kernel.CLONE_NEWNS)
    lower = "lower" if level == "single" else "lower:deeper"
    data = f"lowerdir={lower},upperdir=upper,workdir=work" + (f",{options}" if options else "")
    call("mount(overlay)", kernel.mount, "overlay", "merged", "overlay", 0, data)
    _merged("overlay", multiple=level != "single")
    if level == "opaque":
        _opaque("user" if "userxattr" in options else "trusted", mode)
    return data


def overlayfs(scratch: str, mode: str) -> str:
    """Ubuntu's file system of before Linux 3.18: `workdir` came with its version 22."""
    _tree(scratch)
    enter(mode, kernel.CLONE_NEWNS)
    data = "lowerdir=lower,upperdir=upper"
    try:
        call("mount(overlayfs)", kernel.mount, "overlayfs", "merged", "overlayfs", 0, data + ",workdir=work")
    except Failed as failure:
        if failure.number != 22:
            raise
        call("mount(overlayfs)", kernel.mount, "overlayfs", "merged", "overlayfs", 0, data)
    _merged("overlayfs", multiple=False)
    return ""


def aufs(scratch: str, mode: str) -> str:
    _tree(scratch)
    enter(mode, kernel.CLONE_NEWNS)
    branches = ":".join(f"{os.path.join(scratch, name)}={how}" for name, how in (("upper", "rw"), ("lower", "ro")))
    call("mount(aufs)", kernel.mount, "none", "merged", "aufs", 0, f"br={branches}")
    _merged("aufs", multiple=False)
    return ""


def fuse(scratch: str, mode: str) -> str:
    """The device may be closed to us, or be missing where the program is not. Nobody answers at this mount."""
    _tree(scratch)
    enter(mode, kernel.CLONE_NEWNS)
    device = call("open(/dev/fuse)", os.open, "/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    data = f"fd={device},rootmode=40000,user_id=0,group_id=0"
    call("mount(fuse)", kernel.mount, "runtime", "merged", "fuse", kernel.MS_NOSUID | kernel.MS_NODEV, data)
    return ""


def _merged(kind: str, multiple: bool) -> None:
    """Reading, removing and writing through the mount have the effects that layers rest on."""
    if multiple and not os.path.isdir("merged/only"):
        raise Failed(f"mount({kind})", 0, "the second lower folder is not seen")
    call("unlink() in the mount", os.unlink, "merged/gone")
    descriptor = call("open(O_CREAT) in the mount", os.open, "merged/new", os.O_CREAT | os.O_WRONLY, 0o600)
    os.close(descriptor)
    if os.path.exists("merged/gone") or not os.path.exists("lower/gone") or not os.path.exists("upper/new"):
        raise Failed(f"mount({kind})", 0, "writes do not go to the upper folder")


def _opaque(space: str, mode: str) -> None:
    os.unlink("merged/folder/old")
    call("rmdir() in the mount", os.rmdir, "merged/folder")
    call("mkdir() in the mount", os.mkdir, "merged/folder")
    if os.listdir("merged/folder"):
        raise Failed("mkdir() in the mount", 0, "a replaced folder shows its old files")
    if mode == USER and space == "trusted":
        return  # Ubuntu's and Debian's patched kernels: the attribute is there and not for us to see
    name = f"{space}.overlay.opaque"
    value = call(f"getxattr({name})", os.getxattr, "upper/folder", name)
    if value != b"y":
        raise Failed(f"getxattr({name})", 0, f"is {value!r}")
