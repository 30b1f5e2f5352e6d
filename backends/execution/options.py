"""Mount options of config.json, as mount(2) and mount_setattr(2) take them. Pure. On the launch path."""

from __future__ import annotations

from arch import constants as c

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# name -> (bits set, bits cleared); runtime-spec, "Linux mount options", and mount(8)
FLAGS: dict[str, tuple[int, int]] = {
    "async": (0, c.MS_SYNCHRONOUS),
    "atime": (0, c.MS_NOATIME),
    "bind": (c.MS_BIND, 0),
    "defaults": (0, 0),
    "dev": (0, c.MS_NODEV),
    "diratime": (0, c.MS_NODIRATIME),
    "dirsync": (c.MS_DIRSYNC, 0),
    "exec": (0, c.MS_NOEXEC),
    "iversion": (c.MS_I_VERSION, 0),
    "lazytime": (c.MS_LAZYTIME, 0),
    "loud": (0, c.MS_SILENT),
    "mand": (c.MS_MANDLOCK, 0),
    "noatime": (c.MS_NOATIME, 0),
    "nodev": (c.MS_NODEV, 0),
    "nodiratime": (c.MS_NODIRATIME, 0),
    "noexec": (c.MS_NOEXEC, 0),
    "noiversion": (0, c.MS_I_VERSION),
    "nolazytime": (0, c.MS_LAZYTIME),
    "nomand": (0, c.MS_MANDLOCK),
    "norelatime": (0, c.MS_RELATIME),
    "nostrictatime": (0, c.MS_STRICTATIME),
    "nosuid": (c.MS_NOSUID, 0),
    "nosymfollow": (c.MS_NOSYMFOLLOW, 0),
    "rbind": (c.MS_BIND | c.MS_REC, 0),
    "relatime": (c.MS_RELATIME, 0),
    "remount": (c.MS_REMOUNT, 0),
    "ro": (c.MS_RDONLY, 0),
    "rw": (0, c.MS_RDONLY),
    "silent": (c.MS_SILENT, 0),
    "strictatime": (c.MS_STRICTATIME, 0),
    "suid": (0, c.MS_NOSUID),
    "symfollow": (0, c.MS_NOSYMFOLLOW),
    "sync": (c.MS_SYNCHRONOUS, 0),
}

PROPAGATION: dict[str, int] = {
    "private": c.MS_PRIVATE,
    "rprivate": c.MS_PRIVATE | c.MS_REC,
    "shared": c.MS_SHARED,
    "rshared": c.MS_SHARED | c.MS_REC,
    "slave": c.MS_SLAVE,
    "rslave": c.MS_SLAVE | c.MS_REC,
    "unbindable": c.MS_UNBINDABLE,
    "runbindable": c.MS_UNBINDABLE | c.MS_REC,
}

# name -> (attributes set, attributes cleared), recursively: Linux 5.12
RECURSIVE: dict[str, tuple[int, int]] = {
    "ratime": (0, c.MOUNT_ATTR__ATIME),
    "rdev": (0, c.MOUNT_ATTR_NODEV),
    "rdiratime": (0, c.MOUNT_ATTR_NODIRATIME),
    "rexec": (0, c.MOUNT_ATTR_NOEXEC),
    "rnoatime": (c.MOUNT_ATTR_NOATIME, c.MOUNT_ATTR__ATIME),
    "rnodev": (c.MOUNT_ATTR_NODEV, 0),
    "rnodiratime": (c.MOUNT_ATTR_NODIRATIME, 0),
    "rnoexec": (c.MOUNT_ATTR_NOEXEC, 0),
    "rnorelatime": (0, c.MOUNT_ATTR__ATIME),
    "rnostrictatime": (0, c.MOUNT_ATTR__ATIME),
    "rnosuid": (c.MOUNT_ATTR_NOSUID, 0),
    "rnosymfollow": (c.MOUNT_ATTR_NOSYMFOLLOW, 0),
    "rrelatime": (c.MOUNT_ATTR_RELATIME, c.MOUNT_ATTR__ATIME),
    "rro": (c.MOUNT_ATTR_RDONLY, 0),
    "rrw": (0, c.MOUNT_ATTR_RDONLY),
    "rstrictatime": (c.MOUNT_ATTR_STRICTATIME, c.MOUNT_ATTR__ATIME),
    "rsuid": (0, c.MOUNT_ATTR_NOSUID),
    "rsymfollow": (0, c.MOUNT_ATTR_NOSYMFOLLOW),
}

IDMAP = ("idmap", "ridmap")
TMPCOPYUP = "tmpcopyup"


class Options:
    """flags and cleared    bits of mount(2) asked for, and asked not to be there
    propagation          bits of the mount(2) calls that follow, in order
    recursive            (attributes set, attributes cleared) of mount_setattr(2), or (0, 0)
    data                 what is the file system's own
    copy_up              the folder's content is copied into the tmpfs on it
    mapped               an idmapped mount is asked for, and
    mapped_below         one of what is mounted below, too
    """

    __slots__ = ("cleared", "copy_up", "data", "flags", "mapped", "mapped_below", "propagation", "recursive")

    def __init__(self) -> None:
        self.flags = 0
        self.cleared = 0
        self.propagation: list[int] = []
        self.recursive = (0, 0)
        self.data = ""
        self.copy_up = False
        self.mapped = False
        self.mapped_below = False

    @property
    def bind(self) -> bool:
        return bool(self.flags & c.MS_BIND)


def parse(names: Iterable[str]) -> Options:
    """Later options win over earlier ones, as in mount(8)."""
    options = Options()
    data = []
    for name in names:
        if name in FLAGS:
            added, cleared = FLAGS[name]
            options.flags = options.flags & ~cleared | added
            options.cleared = options.cleared & ~added | cleared
        elif name in PROPAGATION:
            options.propagation.append(PROPAGATION[name])
        elif name in RECURSIVE:
            added, cleared = RECURSIVE[name]
            options.recursive = (options.recursive[0] & ~cleared | added, options.recursive[1] & ~added | cleared)
        elif name in IDMAP:
            options.mapped = True
            options.mapped_below = name == "ridmap"
        elif name == TMPCOPYUP:
            options.copy_up = True
        elif name:
            data.append(name)
    options.data = ",".join(data)
    return options
