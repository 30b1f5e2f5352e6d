"""System calls that proot does not know, and so would let act on the host's files: they are to be unknown here.

proot 5.1 (2015) rewrites the paths of the calls of its day. statx(2), with which newer C libraries look at every file,
or openat2(2), would pass it with their paths as they are. A seccomp filter answers ENOSYS to them, and C libraries do
with the older ones, as they do on an old kernel. On the launch path.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ENOSYS = 38
# With paths, or with other ways to files; clone3 because it may beget what is not followed.
CALLS = (
    "clone3", "execveat", "faccessat2", "fchmodat2", "file_getattr", "file_setattr", "fsmount", "fsopen", "fspick",
    "getxattrat", "io_uring_enter", "io_uring_register", "io_uring_setup", "listxattrat", "mount_setattr",
    "move_mount", "name_to_handle_at", "open_by_handle_at", "open_tree", "open_tree_attr", "openat2", "removexattrat",
    "renameat2", "setxattrat", "statx",
)  # fmt: skip
FIRST = (3, 15)  # the kernel that brought the oldest of them that matters: renameat2


def profile(architectures: list[str]) -> dict[str, Any]:
    """As `linux.seccomp`; the names are OCI's, of all ABIs that this machine's kernel takes calls in."""
    return {
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": architectures,
        "syscalls": [{"names": list(CALLS), "action": "SCMP_ACT_ERRNO", "errnoRet": _ENOSYS, "args": []}],
    }


def filter_for(architecture: str) -> bytes:
    """Compiled, for a machine by our name."""
    from backends.security.seccomp import compile
    from backends.security.seccomp.abi import profile_name, spoken

    return compile(profile([profile_name(name) for name in spoken(architecture)]), architecture)
