"""The one door to the kernel: typed system calls through cffi, by this machine's numbers.

Every function raises OSError with errno set, strerror naming the call, and filename where a path is meant; an
architecture without a table is UnknownArchitecture at import. Strings are str (in the file system's encoding)
or bytes. Nothing here remembers or decides: fallbacks for old kernels belong to the callers, except where the same
request has two spellings (`seccomp_filter`).

On the launch path: imports only `_cffi_backend` and what the interpreter already holds.
"""

from __future__ import annotations

import errno
import os
import sys

from arch._kernel import ffi
from arch.constants import *  # noqa: F403 - the door hands out the names its callers need
from arch.constants import (
    AT_EMPTY_PATH,
    CAPABILITY_VERSION_3,
    CLONE_INTO_CGROUP,
    FSCONFIG_SET_BINARY,
    IOPRIO_WHO_PROCESS,
    KEYCTL_JOIN_SESSION_KEYRING,
    PR_CAP_AMBIENT,
    PR_CAP_AMBIENT_CLEAR_ALL,
    PR_CAP_AMBIENT_RAISE,
    PR_CAPBSET_DROP,
    PR_CAPBSET_READ,
    PR_SET_CHILD_SUBREAPER,
    PR_SET_DUMPABLE,
    PR_SET_KEEPCAPS,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    PR_SET_SECCOMP,
    SECCOMP_FILTER_FLAG_NEW_LISTENER,
    SECCOMP_GET_ACTION_AVAIL,
    SECCOMP_MODE_FILTER,
    SECCOMP_SET_MODE_FILTER,
    UMOUNT_NOFOLLOW,
)
from arch.errors import UnknownSyscall
from arch.ioctls import FICLONE as FICLONE  # noqa: PLC0414 - handed out, as mypy wants it said
from arch.native import abi, machine, numbers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Union

    Text = Union[str, bytes]
    Buffer = Union[bytes, bytearray, memoryview]
    Argument = Union[int, bytes, None, Any]  # Any: cdata

_libc = ffi.dlopen(None)
_invoke = _libc.syscall
_MASK = 2 * sys.maxsize + 1  # of an unsigned long: Py_ssize_t is as wide on every Linux
_SIGCHLD = 17
_numbers = numbers()
_STACK_FIRST = abi().clone[0] == "stack"


# -------------------------------------------------------------------------------------------------------- funnel


def syscall(name: str, *arguments: Argument, path: Text | None = None) -> int:
    """The call's result; OSError when it is -1, with `path` as filename.

    An argument is an int, a string as bytes (NUL added), None for a null pointer, or a cdata pointer. 64-bit
    arguments of 32-bit machines (offsets, fanotify's masks) take two places in an order of their own: not handled.
    """
    number = _numbers.get(name)
    if number is None:
        raise UnknownSyscall(f"there is no system call {name} on {machine()}", "use the call that replaced it")
    keep: list[Any] = []
    words = [_word(argument, keep) for argument in arguments]
    words += [0] * (6 - len(words))
    result: int = _invoke(number, *words)
    if result == -1:
        raise _refusal(name, ffi.errno, path)
    return result


def _word(argument: Argument, keep: list[Any]) -> int:
    if isinstance(argument, int):
        return argument & _MASK
    if argument is None:
        return 0
    if isinstance(argument, bytes):
        if b"\0" in argument:
            raise ValueError(f"a string for the kernel has a NUL byte in it: {argument!r}")
        argument = ffi.from_buffer("char[]", argument)  # CPython keeps a NUL behind every bytes object
        keep.append(argument)
    return int(ffi.cast("unsigned long", argument))


def _refusal(name: str, number: int, path: Text | None) -> OSError:
    text = f"{name}: {os.strerror(number)}"
    return OSError(number, text) if path is None else OSError(number, text, path)


def _bytes(text: Text | None) -> bytes | None:
    return os.fsencode(text) if text is not None else None


def address(buffer: Buffer) -> int:
    """Where a buffer's bytes are, for calls whose structures hold pointers. The caller keeps the buffer alive."""
    return int(ffi.cast("unsigned long", ffi.from_buffer("char[]", buffer)))


# -------------------------------------------------------------------------------------------------------- mounts


def mount(
    source: Text | None,
    target: Text,
    fstype: Text | None = None,
    flags: int = 0,
    data: Text | None = None,
) -> None:
    """mount(2). E2BIG for data that the kernel would cut off: it reads one page and says nothing of the rest."""
    options = _bytes(data)
    if options is not None and len(options) >= os.sysconf("SC_PAGESIZE"):
        raise OSError(errno.E2BIG, f"mount: {len(options)} bytes of options do not fit in one page", target)
    syscall("mount", _bytes(source), _bytes(target), _bytes(fstype), flags, options, path=target)


def umount(target: Text, flags: int = 0) -> None:
    """umount2(2). Before Linux 2.6.34 UMOUNT_NOFOLLOW is EINVAL, as for what is no mount: then what is no link goes
    without."""
    try:
        syscall("umount2", _bytes(target), flags, path=target)
    except OSError as error:
        if error.errno != errno.EINVAL or not flags & UMOUNT_NOFOLLOW or os.path.islink(target):
            raise
        syscall("umount2", _bytes(target), flags & ~UMOUNT_NOFOLLOW, path=target)


def pivot_root(new: Text, old: Text) -> None:
    syscall("pivot_root", _bytes(new), _bytes(old), path=new)


def open_tree(dirfd: int, path: Text, flags: int) -> int:
    return syscall("open_tree", dirfd, _bytes(path), flags, path=path)


def move_mount(from_fd: int, from_path: Text, to_fd: int, to_path: Text, flags: int) -> None:
    syscall("move_mount", from_fd, _bytes(from_path), to_fd, _bytes(to_path), flags, path=to_path or from_path)


def mount_setattr(
    fd: int, path: Text, at_flags: int, attr_set: int, attr_clr: int, propagation: int = 0, userns_fd: int = -1
) -> None:
    """mount_setattr(2), 5.12. `userns_fd` belongs to MOUNT_ATTR_IDMAP only; `propagation` is one of MS_PRIVATE ..."""
    attributes = ffi.new("uint64_t[4]", [attr_set, attr_clr, propagation, max(userns_fd, 0)])
    syscall("mount_setattr", fd, _bytes(path), at_flags, attributes, 32, path=path)


def fsopen(fstype: Text, flags: int = 0) -> int:
    return syscall("fsopen", _bytes(fstype), flags)


def fsconfig(fd: int, command: int, key: Text | None = None, value: Text | None = None, aux: int = 0) -> None:
    """fsconfig(2). A refusal's details are text to be read from `fd`."""
    content: Argument = _bytes(value)
    if command == FSCONFIG_SET_BINARY and content is not None:
        content = ffi.from_buffer("char[]", content)
    syscall("fsconfig", fd, command, _bytes(key), content, aux)


def fsmount(fd: int, flags: int = 0, attributes: int = 0) -> int:
    return syscall("fsmount", fd, flags, attributes)


def fspick(dirfd: int, path: Text, flags: int = 0) -> int:
    return syscall("fspick", dirfd, _bytes(path), flags, path=path)


def statfs_type(path: Text) -> int:
    """The magic number of the file system that `path` is on, statfs(2)."""
    return _statfs("statfs", _bytes(path), path)


def fstatfs_type(fd: int) -> int:
    return _statfs("fstatfs", fd, None)


def _statfs(call: str, what: Argument, path: Text | None) -> int:
    # f_type comes first: an int on 32-bit machines and s390x, a long on the (little-endian) others, so that its low
    # half is the first word everywhere. 32-bit machines need the 64 twin (EOVERFLOW), whose struct has 84 bytes.
    buffer = ffi.new("uint32_t[64]")
    if sys.maxsize > 2**32:
        syscall(call, what, buffer, path=path)
    else:
        syscall(call + "64", what, 84, buffer, path=path)
    return int(buffer[0])


# ---------------------------------------------------------------------------------------------------- namespaces


def unshare(flags: int) -> None:
    syscall("unshare", flags)


def setns(fd: int, flags: int = 0) -> None:
    syscall("setns", fd, flags)


def clone(flags: int) -> int:
    """clone(2) in the manner of fork(2): the child's pid, or 0 in the child.

    For one-threaded processes. Nothing that os.fork does for the interpreter happens (no hooks run), and glibc before
    2.25 goes on answering os.getpid() with the parent's pid: ask `getpid`. A child ends with os._exit.
    """
    if not flags & 0xFF:
        flags |= _SIGCHLD
    # The other orders differ only in arguments that are null here.
    return syscall("clone", 0, flags) if _STACK_FIRST else syscall("clone", flags, 0)


def clone3(flags: int, cgroup: int = -1) -> int:
    """clone3(2), 5.3, in the manner of fork(2), see `clone`; into the v2 cgroup whose folder is open as `cgroup` (5.7).

    ENOSYS also where an outer seccomp filter hides the call.
    """
    if cgroup >= 0:
        flags |= CLONE_INTO_CGROUP
    # flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls | set_tid, set_tid_size (5.5) | cgroup
    words = [flags, 0, 0, 0, _SIGCHLD, 0, 0, 0]
    if cgroup >= 0:
        words += [0, 0, cgroup]
    return syscall("clone3", ffi.new("uint64_t[]", words), 8 * len(words))


def getpid() -> int:
    """Asks the kernel, see `clone`."""
    return syscall("getpid")


def sethostname(name: Text) -> None:
    _set_name("sethostname", name)


def setdomainname(name: Text) -> None:
    _set_name("setdomainname", name)


def _set_name(call: str, name: Text) -> None:
    text = os.fsencode(name)
    syscall(call, text, len(text))


def personality(persona: int) -> int:
    """Sets the execution domain (PERSONALITY_QUERY: only asks) and returns the one before."""
    return syscall("personality", persona)


# ------------------------------------------------------------------------------------------------------ processes


def prctl(option: int, arg2: int = 0, arg3: int = 0, arg4: int = 0, arg5: int = 0) -> int:
    return syscall("prctl", option, arg2, arg3, arg4, arg5)


def set_no_new_privs() -> None:
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def set_dumpable(dumpable: bool) -> None:
    prctl(PR_SET_DUMPABLE, int(dumpable))


def set_child_subreaper() -> None:
    prctl(PR_SET_CHILD_SUBREAPER, 1)


def adopt_orphans() -> bool:
    """`set_child_subreaper` where there is one: before Linux 3.4, and under qemu-user, orphans go to process 1."""
    try:
        set_child_subreaper()
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return False
    return True


def set_parent_death_signal(number: int) -> None:
    """Cleared by the kernel when credentials change: set it after, and then check that the parent is still there."""
    prctl(PR_SET_PDEATHSIG, number)


def set_keep_capabilities(keep: bool) -> None:
    prctl(PR_SET_KEEPCAPS, int(keep))


def pidfd_open(pid: int, flags: int = 0) -> int:
    return syscall("pidfd_open", pid, flags)


def pidfd_send_signal(fd: int, number: int) -> None:
    syscall("pidfd_send_signal", fd, number, None, 0)


def execveat(fd: int, path: Text, argv: Sequence[Text], env: Mapping[str, str], flags: int = AT_EMPTY_PATH) -> None:
    """execveat(2), 3.19; returns only by raising."""
    keep: list[Any] = []
    arguments = _strings([os.fsencode(text) for text in argv], keep)
    environment = _strings([os.fsencode(f"{name}={value}") for name, value in env.items()], keep)
    syscall("execveat", fd, os.fsencode(path), arguments, environment, flags, path=path)


def _strings(texts: list[bytes], keep: list[Any]) -> Any:
    keep += [ffi.new("char[]", text) for text in texts]
    return ffi.new("char *[]", [*keep[len(keep) - len(texts) :], ffi.NULL])


def close_range(first: int, last: int, flags: int = 0) -> None:
    syscall("close_range", first, last, flags)


def sched_setattr(
    pid: int,
    policy: int,
    flags: int = 0,
    nice: int = 0,
    priority: int = 0,
    runtime: int = 0,
    deadline: int = 0,
    period: int = 0,
) -> None:
    """sched_setattr(2), 3.14. runtime, deadline and period in nanoseconds."""
    first = (48, policy) if sys.byteorder == "little" else (policy, 48)
    second = (nice & 0xFFFFFFFF, priority) if sys.byteorder == "little" else (priority, nice & 0xFFFFFFFF)
    words = [first[0] | first[1] << 32, flags, second[0] | second[1] << 32, runtime, deadline, period]
    syscall("sched_setattr", pid, ffi.new("uint64_t[6]", words), 0)


def ioprio_set(pid: int, scheduling_class: int, level: int) -> None:
    syscall("ioprio_set", IOPRIO_WHO_PROCESS, pid, scheduling_class << 13 | level)


# ------------------------------------------------------------------------------------------------------- security


def bounding_has(capability: int) -> bool:
    """EINVAL for a capability that this kernel does not know."""
    return prctl(PR_CAPBSET_READ, capability) == 1


def bounding_drop(capability: int) -> None:
    prctl(PR_CAPBSET_DROP, capability)


def ambient_raise(capability: int) -> None:
    """4.3; EPERM unless it is permitted and inheritable."""
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability)


def ambient_clear() -> None:
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)


def last_capability() -> int:
    """The highest capability that this kernel knows, asked of the kernel: /proc need not be there."""
    for capability in range(64):
        try:
            bounding_has(capability)
        except OSError:
            return capability - 1
    return 63


def capget(pid: int = 0) -> tuple[int, int, int]:
    """(effective, permitted, inheritable), each a set of bits."""
    data = ffi.new("uint32_t[6]")
    syscall("capget", ffi.new("uint32_t[2]", [CAPABILITY_VERSION_3, pid]), data)
    return data[0] | data[3] << 32, data[1] | data[4] << 32, data[2] | data[5] << 32


def capset(effective: int, permitted: int, inheritable: int) -> None:
    sets = (effective, permitted, inheritable)
    data = ffi.new("uint32_t[6]", [bits & 0xFFFFFFFF for bits in sets] + [bits >> 32 for bits in sets])
    syscall("capset", ffi.new("uint32_t[2]", [CAPABILITY_VERSION_3, 0]), data)


def seccomp_filter(program: Buffer, flags: int = 0) -> int:
    """Puts a filter (an array of struct sock_filter) in force; 0, or SECCOMP_FILTER_FLAG_NEW_LISTENER's descriptor.

    seccomp(2) is of 3.17; before, prctl(2) says the same as long as no flag is asked for. EACCES without
    no_new_privs or CAP_SYS_ADMIN.
    """
    content = ffi.from_buffer("char[]", program)
    filter_program = ffi.new("struct sock_fprog *", [len(content) // 8, content])
    try:
        result = syscall("seccomp", SECCOMP_SET_MODE_FILTER, flags, filter_program)
    except OSError as error:
        if error.errno != errno.ENOSYS or flags:
            raise
        return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, int(ffi.cast("unsigned long", filter_program)))
    if result and not flags & SECCOMP_FILTER_FLAG_NEW_LISTENER:
        raise OSError(errno.ESRCH, f"seccomp: thread {result} cannot be synchronized to the filter")
    return result


def seccomp_action_available(action: int) -> bool:
    """SECCOMP_GET_ACTION_AVAIL, 4.14; before, ENOSYS or EINVAL: nothing is known."""
    try:
        syscall("seccomp", SECCOMP_GET_ACTION_AVAIL, 0, ffi.new("uint32_t *", action))
    except OSError as error:
        if error.errno == errno.EOPNOTSUPP:
            return False
        raise
    return True


def keyctl(operation: int, arg2: Argument = 0, arg3: Argument = 0, arg4: Argument = 0, arg5: Argument = 0) -> int:
    return syscall("keyctl", operation, arg2, arg3, arg4, arg5)


def keyctl_join_session(name: Text | None = None) -> int:
    """Joins, or with None makes, a session keyring; its serial number."""
    return keyctl(KEYCTL_JOIN_SESSION_KEYRING, _bytes(name))


def bpf(command: int, attributes: Buffer) -> int:
    """bpf(2), 3.18: `attributes` is a union bpf_attr; the kernel may write into a bytearray's."""
    content = ffi.from_buffer("char[]", attributes)
    return syscall("bpf", command, content, len(content))


# ---------------------------------------------------------------------------------------------------------- files


def openat2(dirfd: int, path: Text, flags: int, mode: int = 0, resolve: int = 0) -> int:
    """openat2(2), 5.6. EAGAIN when a rename raced with RESOLVE_BENEATH or RESOLVE_IN_ROOT: ask again."""
    how = ffi.new("uint64_t[3]", [flags, mode, resolve])
    return syscall("openat2", dirfd, _bytes(path), how, 24, path=path)


def renameat2(from_fd: int, from_path: Text, to_fd: int, to_path: Text, flags: int) -> None:
    syscall("renameat2", from_fd, _bytes(from_path), to_fd, _bytes(to_path), flags, path=from_path)


def syncfs(fd: int) -> None:
    syscall("syncfs", fd)
