"""Every backend there is, by family and in order of preference: literal data, and the only place that names them all.

Judging reads this alone; `load` imports the one backend that was chosen. What a backend needs and promises is written
here and nowhere else, so that launching a container, which judges nothing, does not import it.
"""

from __future__ import annotations

from backends.guarantees import Promise, given
from backends.requirements import Requirement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from probes.report import HostReport

FAMILIES = ("execution", "storage", "cgroups", "network")


class Entry:
    """A backend as data: what it needs, what it promises where its needs are met, and where its code is."""

    __slots__ = ("attribute", "family", "module", "name", "promises", "requirements", "title")

    def __init__(
        self,
        family: str,
        name: str,
        title: str,
        module: str,
        attribute: str,
        requirements: tuple[Requirement, ...] = (),
        promises: tuple[Promise, ...] = (),
    ) -> None:
        self.family = family
        self.name = name
        self.title = title
        self.module = module
        self.attribute = attribute
        self.requirements = requirements
        self.promises = promises

    def guarantees(self, report: HostReport) -> frozenset[str]:
        return given(self.promises, report)


_SYS_ADMIN = Requirement("to make namespaces and mounts", "privilege.sys_admin", "namespace.user.nested")
_PID = (
    Requirement("to hide other processes", "namespace.pid"),
    Requirement("to start a process in one", "namespace.pid.clone", "namespace.pid.unshare"),
)
_PARTED = (
    Promise("uts-namespace", Requirement("to give a host name of its own", "namespace.uts")),
    Promise("ipc-namespace", Requirement("to part System V IPC", "namespace.ipc")),
    Promise("cgroup-namespace", Requirement("to hide the host's cgroups", "namespace.cgroup")),
)
_CONFINED = (
    Promise("capabilities", Requirement("to drop what was not granted", "process.capabilities")),
    Promise("no-new-privileges", Requirement("to disarm set-uid programs", "process.no_new_privs")),
    Promise("seccomp", Requirement("to refuse dangerous system calls", "seccomp.filter")),
    Promise("read-only-root"),
)
# By whoever has the kernel make the namespaces, this program or the lxc tools.
_NAMESPACED = (
    Promise("own-root"),
    Promise("mount-namespace", inherent=True),
    Promise("pid-namespace", *_PID),
    Promise("kill-all", *_PID),
    *_PARTED,
    *_CONFINED,
    Promise("masked-paths", Requirement("to cover folders", "mount.tmpfs")),
)
_WRITABLE = Requirement("to hold the container's processes", "cgroup.writable")
_SWAP = Requirement("to account for swap", "cgroup.swap")
_CFS = Requirement("to give CPU time by quota", "cgroup.cfs")
_NETWORK = Requirement("to give a container interfaces of its own", "namespace.net")

_OWNERS = Requirement("to keep the owners of an image's files", "storage.chown", "storage.owners")
_SHARED = (Promise("layers", inherent=True), Promise("cheap-start", inherent=True))


def _limited(guarantee: str, *controllers: str, also: tuple[Requirement, ...] = ()) -> Promise:
    return Promise(guarantee, Requirement("to apply it", *(f"cgroup.{name}" for name in controllers)), *also)


# Who cannot make device nodes has only those that he is given, and may only what their modes let him.
_BY_MODES = Promise("device-access", Requirement("to do without rules for devices", "privilege.unreal"))

CATALOGUE: tuple[Entry, ...] = (
    # -------------------------------------------------------------------------------------------------- execution
    Entry(
        "execution",
        "namespaces",
        "namespaces and mounts made by this program itself",
        "backends.execution.namespaces.backend",
        "NamespacesBackend",
        requirements=(
            _SYS_ADMIN,
            Requirement("to keep a container's mounts to itself", "namespace.mount"),
            Requirement("to put files into a container", "mount.bind"),
            Requirement("to put the host's root out of reach", "mount.pivot_root", "mount.move"),
        ),
        promises=(
            *_NAMESPACED,
            Promise("user-namespace", Requirement("to map root to an ordinary user", "namespace.user")),
        ),
    ),
    Entry(
        "execution",
        "lxc",
        "the lxc tools, told by a configuration of theirs",
        "backends.execution.lxc.backend",
        "LxcBackend",
        requirements=(
            Requirement("to make namespaces and mounts", "privilege.sys_admin"),
            Requirement("to have them do it", "lxc.tools"),
            Requirement("to keep a container's mounts to itself", "namespace.mount"),
            Requirement("to put the host's root out of reach", "mount.pivot_root"),
            Requirement("to finish what they have no words for", "namespace.setns"),
            _WRITABLE,
        ),
        promises=_NAMESPACED,
    ),
    Entry(
        "execution",
        "chroot",
        "chroot and cgroups, where namespaces are not to be had",
        "backends.execution.chroot.backend",
        "ChrootBackend",
        requirements=(
            Requirement("to make mounts", "privilege.sys_admin"),
            Requirement("to give a container a root of its own", "privilege.sys_chroot"),
        ),
        promises=(
            # A root in a chroot becomes the user of some process outside, and goes through its /proc/PID/root.
            Promise(
                "own-root",
                Requirement("to take away what leads out of a chroot", "process.capabilities"),
                Requirement("to keep it out of the roots of processes outside", "lsm.landlock"),
            ),
            Promise("mount-namespace", Requirement("to hide its mounts", "namespace.mount")),
            Promise("kill-all", Requirement("to find all its processes", "cgroup.writable")),
            *_PARTED,
            *_CONFINED,
            Promise("masked-paths"),
        ),
    ),
    Entry(
        "execution",
        "proot",
        "a root of its own by proot, a program, and nothing more",
        "backends.execution.proot.backend",
        "ProotBackend",
        requirements=(Requirement("to rewrite a program's system calls", "program.proot"),),
        promises=(
            Promise("capabilities", Requirement("to have none", "privilege.unreal")),
            Promise("no-new-privileges", Requirement("to disarm set-uid programs", "process.no_new_privs")),
        ),
    ),
    # ---------------------------------------------------------------------------------------------------- storage
    Entry(
        "storage",
        "overlay",
        "the kernel's overlay file system",
        "backends.storage.overlay",
        "OverlayStorage",
        requirements=(
            Requirement("to stack a container on its image", "storage.overlay"),
            Requirement("to stack an image's layers", "storage.overlay.multiple"),
            Requirement("to keep removed folders removed", "storage.overlay.xattr"),
            Requirement("to keep its own attributes from the container", "storage.xattr.trusted"),
            Requirement("to keep removed files removed", "storage.whiteout"),
        ),
        promises=_SHARED,
    ),
    Entry(
        "storage",
        "aufs",
        "aufs",
        "backends.storage.aufs",
        "AufsStorage",
        requirements=(Requirement("to stack a container on its image", "storage.aufs"), _OWNERS),
        promises=_SHARED,
    ),
    Entry(
        "storage",
        "btrfs",
        "btrfs subvolumes",
        "backends.storage.btrfs",
        "BtrfsStorage",
        requirements=(Requirement("to begin a container as a snapshot", "storage.btrfs"), _OWNERS),
        promises=_SHARED,
    ),
    Entry(
        "storage",
        "overlay-single",
        "the kernel's overlay file system, with one lower folder",
        "backends.storage.overlay_single",
        "SingleOverlayStorage",
        requirements=(
            Requirement("to stack a container on its image", "storage.overlay"),
            Requirement("to keep removed folders removed", "storage.xattr.trusted"),
            Requirement("to keep removed files removed", "storage.whiteout"),
            _OWNERS,
        ),
        promises=_SHARED,
    ),
    Entry(
        "storage",
        "overlayfs",
        "Ubuntu's overlayfs of before Linux 3.18",
        "backends.storage.overlay_single",
        "LegacyOverlayStorage",
        requirements=(
            Requirement("to stack a container on its image", "storage.overlay.legacy"),
            Requirement("to keep removed files removed", "storage.xattr.trusted"),
            _OWNERS,
        ),
        promises=_SHARED,
    ),
    Entry(
        "storage",
        "devicemapper",
        "thin devices of device-mapper, a file system each",
        "backends.storage.devicemapper",
        "DeviceMapperStorage",
        requirements=(
            Requirement("to begin a container as a snapshot", "storage.devicemapper"),
            Requirement("to keep its pool in files", "storage.loop"),
            _OWNERS,
        ),
        promises=_SHARED,
    ),
    Entry(
        "storage",
        "overlay-user",
        "the kernel's overlay file system, with marks of an ordinary user",
        "backends.storage.overlay_user",
        "UserOverlayStorage",
        requirements=(
            Requirement("to stack a container on its image", "storage.overlay.userxattr"),
            Requirement("to keep removed files removed", "storage.whiteout"),
            _OWNERS,
        ),
        promises=_SHARED,
    ),
    Entry(
        "storage",
        "fuse-overlayfs",
        "fuse-overlayfs, a program",
        "backends.storage.fuse_overlay",
        "FuseOverlayStorage",
        requirements=(
            Requirement("to stack a container on its image", "program.fuse-overlayfs"),
            Requirement("to show what it stacks", "storage.fuse"),
            _OWNERS,
        ),
        promises=_SHARED,
    ),
    Entry(
        "storage",
        "copy",
        "a copy of the image for every container",
        "backends.storage.copy",
        "CopyStorage",
        requirements=(_OWNERS,),
    ),
    # ---------------------------------------------------------------------------------------------------- cgroups
    Entry(
        "cgroups",
        "hybrid",
        "cgroup v1, and v2 for the controllers that v1 lacks",
        "backends.cgroups.hybrid",
        "HybridCgroups",
        requirements=(
            Requirement("to use its controllers", "cgroup.v1"),
            Requirement("to use its controllers", "cgroup.v2"),
            _WRITABLE,
        ),
        promises=(
            _limited("device-access", "v1.devices", "v2.devices"),
            _BY_MODES,
            _limited("pause", "v1.freezer", "v2.freeze"),
            _limited("memory-limit", "v1.memory", "v2.memory"),
            _limited("swap-limit", "v1.memory", "v2.memory", also=(_SWAP,)),
            _limited("cpu-limit", "v1.cpu", "v2.cpu", also=(_CFS,)),
            _limited("cpu-share", "v1.cpu", "v2.cpu"),
            _limited("cpuset", "v1.cpuset", "v2.cpuset"),
            _limited("pids-limit", "v1.pids", "v2.pids"),
            _limited("io-limit", "v1.blkio", "v2.io"),
        ),
    ),
    Entry(
        "cgroups",
        "v2",
        "cgroup v2, one hierarchy",
        "backends.cgroups.v2",
        "V2Cgroups",
        requirements=(Requirement("to use its controllers", "cgroup.v2"), _WRITABLE),
        promises=(
            _limited("device-access", "v2.devices"),
            _BY_MODES,
            _limited("pause", "v2.freeze"),
            _limited("memory-limit", "v2.memory"),
            _limited("swap-limit", "v2.memory", also=(_SWAP,)),
            _limited("cpu-limit", "v2.cpu", also=(_CFS,)),
            _limited("cpu-share", "v2.cpu"),
            _limited("cpuset", "v2.cpuset"),
            _limited("pids-limit", "v2.pids"),
            _limited("io-limit", "v2.io"),
        ),
    ),
    Entry(
        "cgroups",
        "v1",
        "cgroup v1, one hierarchy a controller",
        "backends.cgroups.v1",
        "V1Cgroups",
        requirements=(Requirement("to use its controllers", "cgroup.v1"), _WRITABLE),
        promises=(
            _limited("device-access", "v1.devices"),
            _BY_MODES,
            _limited("pause", "v1.freezer"),
            _limited("memory-limit", "v1.memory"),
            _limited("swap-limit", "v1.memory", also=(_SWAP,)),
            _limited("cpu-limit", "v1.cpu", also=(_CFS,)),
            _limited("cpu-share", "v1.cpu"),
            _limited("cpuset", "v1.cpuset"),
            _limited("pids-limit", "v1.pids"),
            _limited("io-limit", "v1.blkio"),
        ),
    ),
    Entry(
        "cgroups",
        "absent",
        "no cgroups: no limits, no pause, no device rules",
        "backends.cgroups.absent",
        "AbsentCgroups",
        promises=(_BY_MODES,),
    ),
    # ---------------------------------------------------------------------------------------------------- network
    Entry(
        "network",
        "none",
        "a network namespace with loopback alone",
        "backends.network.none",
        "NoNetwork",
        requirements=(_NETWORK, Requirement("to give a container 127.0.0.1", "network.loopback")),
        promises=(Promise("network-namespace", inherent=True),),
    ),
    Entry(
        "network",
        "host",
        "the host's own network",
        "backends.network.host",
        "HostNetwork",
    ),
)


def members(family: str, catalogue: tuple[Entry, ...] = CATALOGUE) -> tuple[Entry, ...]:
    return tuple(entry for entry in catalogue if entry.family == family)


def find(family: str, name: str, catalogue: tuple[Entry, ...] = CATALOGUE) -> Entry:
    """KeyError for a name that the family does not have."""
    for entry in catalogue:
        if entry.family == family and entry.name == name:
            return entry
    raise KeyError(f"{family}/{name}")


def load(family: str, name: str) -> Any:
    """The class of a backend; imports its module, and no other backend's. KeyError."""
    entry = find(family, name)
    return getattr(__import__(entry.module, None, None, (entry.attribute,)), entry.attribute)
