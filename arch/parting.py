"""Parting a new mount namespace from the one that it was copied from, also inside a chroot. On the launch path."""

from __future__ import annotations

import errno
import os

from arch import kernel

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def part_mounts(flags: int) -> None:
    """Makes every mount of this process's mount namespace, which must be its own, private or slave (`flags`).

    Inside a chroot whose folder is no mount point the kernel refuses that, and pivot_root(2) too (EINVAL). This process
    then leaves the chroot, as a privileged one may, makes that folder a mount point in this namespace alone, and
    returns into it.
    """
    try:
        kernel.mount(None, "/", None, kernel.MS_REC | flags)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        _part_from_outside(flags, error)


def _part_from_outside(flags: int, refusal: OSError) -> None:
    here, working = os.open("/", _FOLDER), os.getcwd()
    below = next((entry.path for entry in os.scandir("/") if entry.is_dir(follow_symlinks=False)), "")
    try:
        if not below:
            raise refusal
        os.chroot(below)  # the working folder is outside of it now, and nothing stops `..` any more
        os.fchdir(here)
        while not os.path.samestat(os.stat(".."), os.stat(".")):
            os.chdir("..")
        os.chroot(".")
        kernel.mount(None, "/", None, kernel.MS_REC | flags)
        place = os.readlink(f"/proc/self/fd/{here}")
        kernel.mount(place, place, None, kernel.MS_BIND | kernel.MS_REC)
        os.chdir(place)
        os.chroot(".")
        os.chdir(working)
    finally:
        os.close(here)
