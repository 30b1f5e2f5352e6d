"""What of the kernel's interface is a value of an argument instead of a call: the version that brought it, and what an
older kernel answers. Only what a filter sees: it compares numbers, and never looks behind a pointer.
"""

from __future__ import annotations

from arch import constants

_EINVAL, _EISDIR, _ENOTTY = 22, 21, 25


class Young:
    """`values`: any one of them is too young; as `bits`, any one of them set. Where clone(2) has its
    flags differs between machines: there `argument` is not heeded."""

    __slots__ = ("argument", "bits", "calls", "errno", "since", "values")

    def __init__(
        self,
        calls: tuple[str, ...],
        argument: int,
        since: tuple[int, ...],
        *values: int,
        bits: bool = False,
        errno: int = _EINVAL,
    ) -> None:
        self.calls = calls
        self.argument = argument
        self.since = since
        self.values = values
        self.bits = bits
        self.errno = errno


_STAT = ("newfstatat", "fstatat64")
_OPEN_TMPFILE = 0o20000000

YOUNG: tuple[Young, ...] = (
    # Namespaces. User namespaces are of 2.6.23, and hold since 3.8; clone has NEWPID since 2.6.24.
    Young(("unshare", "clone"), 0, (3, 8), constants.CLONE_NEWUSER, bits=True),
    Young(("unshare",), 0, (3, 8), constants.CLONE_NEWPID, bits=True),
    Young(("setns",), 1, (3, 8), constants.CLONE_NEWNS, constants.CLONE_NEWPID, constants.CLONE_NEWUSER),
    Young(("unshare", "clone"), 0, (4, 6), constants.CLONE_NEWCGROUP, bits=True),
    Young(("setns",), 1, (4, 6), constants.CLONE_NEWCGROUP),
    Young(("unshare",), 0, (5, 6), constants.CLONE_NEWTIME, bits=True),
    Young(("setns",), 1, (5, 6), constants.CLONE_NEWTIME),
    # Processes
    Young(("prctl",), 0, (3, 3), constants.PR_SET_MM),
    Young(("prctl",), 0, (3, 4), constants.PR_SET_CHILD_SUBREAPER, constants.PR_GET_CHILD_SUBREAPER),
    Young(("prctl",), 0, (3, 5), constants.PR_SET_NO_NEW_PRIVS, constants.PR_GET_NO_NEW_PRIVS),
    Young(("prctl",), 0, (4, 3), constants.PR_CAP_AMBIENT),
    Young(("prctl",), 0, (6, 3), constants.PR_SET_MDWE),
    Young(("prctl",), 0, (6, 4), constants.PR_SET_MEMORY_MERGE),
    Young(("waitid",), 0, (5, 4), 3),  # P_PIDFD
    Young(("pidfd_open",), 1, (5, 10), 0o4000, bits=True),  # PIDFD_NONBLOCK
    Young(("close_range",), 2, (5, 11), constants.CLOSE_RANGE_CLOEXEC, bits=True),
    # Seccomp: PR_SET_SECCOMP's second word is the mode
    Young(("seccomp",), 0, (4, 14), constants.SECCOMP_GET_ACTION_AVAIL),
    Young(("seccomp",), 0, (5, 0), constants.SECCOMP_GET_NOTIF_SIZES),
    Young(("seccomp",), 1, (4, 14), constants.SECCOMP_FILTER_FLAG_LOG, bits=True),
    Young(("seccomp",), 1, (4, 17), constants.SECCOMP_FILTER_FLAG_SPEC_ALLOW, bits=True),
    Young(("seccomp",), 1, (5, 0), constants.SECCOMP_FILTER_FLAG_NEW_LISTENER, bits=True),
    Young(("seccomp",), 1, (5, 7), constants.SECCOMP_FILTER_FLAG_TSYNC_ESRCH, bits=True),
    Young(("seccomp",), 1, (5, 19), constants.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, bits=True),
    # Files. What old kernels pass over (O_PATH, MS_LAZYTIME) cannot be shown: a filter takes no bit out of an argument.
    Young(_STAT, 3, (2, 6, 39), constants.AT_EMPTY_PATH, bits=True),
    Young(("fchownat", "linkat"), 4, (2, 6, 39), constants.AT_EMPTY_PATH, bits=True),
    Young(("open",), 1, (3, 11), _OPEN_TMPFILE, bits=True, errno=_EISDIR),
    Young(("openat",), 2, (3, 11), _OPEN_TMPFILE, bits=True, errno=_EISDIR),
    Young(("fcntl", "fcntl64"), 1, (2, 6, 35), 1031, 1032),  # F_SETPIPE_SZ, F_GETPIPE_SZ
    Young(("fcntl", "fcntl64"), 1, (3, 15), 36, 37, 38),  # F_OFD_GETLK and its like
    Young(("fcntl", "fcntl64"), 1, (3, 17), 1033, 1034),  # F_ADD_SEALS, F_GET_SEALS
    Young(("umount2",), 1, (2, 6, 34), constants.UMOUNT_NOFOLLOW, bits=True),
    Young(("memfd_create",), 1, (4, 14), 4, bits=True),  # MFD_HUGETLB
    Young(("memfd_create",), 1, (6, 3), 8, 16, bits=True),  # MFD_NOEXEC_SEAL, MFD_EXEC
    Young(("renameat2",), 4, (3, 18), constants.RENAME_WHITEOUT, bits=True),
    Young(("move_mount",), 4, (5, 15), constants.MOVE_MOUNT_SET_GROUP, bits=True),
    Young(("move_mount",), 4, (6, 5), constants.MOVE_MOUNT_BENEATH, bits=True),
    # Devices
    Young(("ioctl",), 1, (3, 1), 0x4C80, 0x4C81, 0x4C82, errno=_ENOTTY),  # LOOP_CTL_*
    Young(("ioctl",), 1, (5, 8), 0x4C0A),  # LOOP_CONFIGURE
    Young(("ioctl",), 1, (4, 9), 0xB701, 0xB702, errno=_ENOTTY),  # NS_GET_USERNS, NS_GET_PARENT
    Young(("ioctl",), 1, (4, 13), 0x5441, errno=_ENOTTY),  # TIOCGPTPEER
    # Programs of BPF: what they may be of is behind a pointer
    Young(("bpf",), 0, (4, 10), 8, 9),  # BPF_PROG_ATTACH, BPF_PROG_DETACH
    Young(("bpf",), 0, (4, 15), 16),  # BPF_PROG_QUERY
)
