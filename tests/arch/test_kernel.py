"""Each test that changes something runs in an interpreter of its own, in namespaces of its own."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from arch import kernel
from arch.errors import UnknownSyscall

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def alone(code: str) -> str:
    """What `code` prints in a fresh, one-threaded interpreter that has `kernel`, `os` and a mount namespace."""
    head = "import errno, os, struct, sys\nfrom arch import kernel\n"
    head += "kernel.unshare(kernel.CLONE_NEWNS)\nkernel.mount(None, '/', None, kernel.MS_REC | kernel.MS_PRIVATE)\n"
    done = subprocess.run([sys.executable, "-c", head + code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_refusal_names_the_call_and_the_path() -> None:
    with pytest.raises(FileNotFoundError) as caught:
        kernel.mount("none", "/no/such/folder", "tmpfs")
    assert (caught.value.errno, caught.value.filename) == (errno.ENOENT, "/no/such/folder")
    assert str(caught.value.strerror).startswith("mount: ")


def test_a_name_with_a_nul_byte_never_reaches_the_kernel() -> None:
    with pytest.raises(ValueError, match="NUL"):
        kernel.umount("/proc\0/hidden")


def test_a_call_that_the_table_does_not_know_is_an_error() -> None:
    with pytest.raises(UnknownSyscall):
        kernel.syscall("no_such_call")


def test_options_that_the_kernel_would_cut_off_are_refused() -> None:
    with pytest.raises(OSError, match="one page") as caught:
        kernel.mount("overlay", "/mnt", "overlay", 0, "lowerdir=" + "/x:" * 40000)
    assert caught.value.errno == errno.E2BIG


def test_file_systems_are_told_by_their_magic() -> None:
    proc = os.open("/proc", os.O_RDONLY)
    try:
        assert kernel.statfs_type("/proc") == kernel.fstatfs_type(proc) == 0x9FA0
    finally:
        os.close(proc)


def test_capabilities_are_those_that_proc_shows() -> None:
    with open("/proc/self/status", encoding="ascii") as file:
        shown = dict(line.split(":\t") for line in file.read().splitlines() if line.startswith("Cap"))
    effective, permitted, inheritable = kernel.capget()
    assert [effective, permitted, inheritable] == [int(shown[name], 16) for name in ("CapEff", "CapPrm", "CapInh")]


def test_the_last_capability_is_the_kernels() -> None:
    with open("/proc/sys/kernel/cap_last_cap", encoding="ascii") as file:
        assert kernel.last_capability() == int(file.read())


def test_a_capability_that_the_kernel_does_not_know_is_einval() -> None:
    with pytest.raises(OSError, match="prctl") as caught:
        kernel.bounding_has(63)
    assert caught.value.errno == errno.EINVAL


def test_openat2_keeps_a_path_in_its_root(tmp_path: Path) -> None:
    os.symlink("/etc/passwd", tmp_path / "link")
    root = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(FileNotFoundError):
            kernel.openat2(root, "link", os.O_RDONLY, 0, kernel.RESOLVE_IN_ROOT)
    finally:
        os.close(root)


def test_a_pidfd_signals_its_process() -> None:
    child = subprocess.Popen(["sleep", "100"])
    try:
        descriptor = kernel.pidfd_open(child.pid)
        kernel.pidfd_send_signal(descriptor, signal.SIGTERM)
        os.close(descriptor)
        assert child.wait(10) == -signal.SIGTERM
    finally:
        child.kill()


def test_close_range_closes_what_it_says() -> None:
    code = """
low, high = os.pipe()
os.dup2(high, 100)
kernel.close_range(50, 2**32 - 1)
os.fstat(low)
try:
    os.fstat(100)
except OSError as error:
    print(errno.errorcode[error.errno])
"""
    assert alone(code) == "EBADF"


def test_execveat_runs_an_open_file_with_the_environment_given() -> None:
    code = "kernel.execveat(os.open('/usr/bin/env', os.O_RDONLY), '', ['env'], {'NAME': 'käse'})"
    assert alone(code) == "NAME=käse"


def test_scheduling_is_set_for_the_process() -> None:
    code = "kernel.sched_setattr(0, 3, nice=7); print(os.sched_getscheduler(0), os.getpriority(0, 0))"
    assert alone(code) == "3 7"


@pytest.mark.live
def test_clone_makes_a_process_in_namespaces_of_its_own() -> None:
    code = """
child = kernel.clone(kernel.CLONE_NEWPID | kernel.CLONE_NEWUTS)
if child == 0:
    kernel.sethostname("inside")
    os._exit(7 if kernel.getpid() == 1 and os.uname().nodename == "inside" else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), os.uname().nodename != "inside")
"""
    assert alone(code) == "7 True"


@pytest.mark.live
def test_clone3_makes_a_process_that_is_reaped_like_any_other() -> None:
    code = """
child = kernel.clone3(kernel.CLONE_NEWPID | kernel.CLONE_NEWTIME)
if child == 0:
    os._exit(kernel.getpid())
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert alone(code) == "1"


@pytest.mark.live
def test_clone3_puts_the_child_into_the_open_cgroup(tmp_path: Path) -> None:
    code = f"root = {str(tmp_path)!r}\n"
    code += """
kernel.mount("cgroup2", root, "cgroup2")
group = os.path.join(root, f"kernel-test-{os.getpid()}")
os.mkdir(group)
try:
    descriptor = os.open(group, os.O_RDONLY | os.O_DIRECTORY)
    child = kernel.clone3(0, descriptor)
    if child == 0:
        os._exit(0 if os.path.basename(group) in open("/proc/self/cgroup").read() else 1)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
finally:
    os.rmdir(group)
"""
    assert alone(code) == "0"


@pytest.mark.live
def test_pivot_root_changes_the_root(tmp_path: Path) -> None:
    code = f"""
kernel.mount("tmpfs", {str(tmp_path)!r}, "tmpfs", kernel.MS_NODEV, "size=1m")
os.chdir({str(tmp_path)!r})
os.mkdir("mark")
kernel.pivot_root(".", ".")
kernel.umount(".", kernel.MNT_DETACH)
print(os.listdir("/"))
"""
    assert alone(code) == "['mark']"


@pytest.mark.live
def test_the_mount_api_of_5_2_makes_and_changes_a_mount() -> None:
    code = """
context = kernel.fsopen("tmpfs", kernel.FSOPEN_CLOEXEC)
kernel.fsconfig(context, kernel.FSCONFIG_SET_STRING, "size", "1m")
kernel.fsconfig(context, kernel.FSCONFIG_CMD_CREATE)
tree = kernel.fsmount(context, kernel.FSMOUNT_CLOEXEC, kernel.MOUNT_ATTR_NODEV)
kernel.mount_setattr(tree, "", kernel.AT_EMPTY_PATH, kernel.MOUNT_ATTR_RDONLY, 0)
kernel.move_mount(tree, "", kernel.AT_FDCWD, "/mnt", kernel.MOVE_MOUNT_F_EMPTY_PATH)
copy = kernel.open_tree(kernel.AT_FDCWD, "/mnt", kernel.OPEN_TREE_CLONE | kernel.OPEN_TREE_CLOEXEC)
try:
    os.mkdir("new", dir_fd=copy)
except OSError as error:
    print(error.errno, hex(kernel.statfs_type("/mnt")))
"""
    assert alone(code) == f"{errno.EROFS} 0x1021994"


@pytest.mark.live
def test_a_seccomp_filter_is_in_force_after_the_call() -> None:
    code = """
number = kernel.numbers()["sethostname"]
program = b"".join(struct.pack("HBBI", *row) for row in (
    (0x20, 0, 0, 0), (0x15, 0, 1, number),
    (0x06, 0, 0, kernel.SECCOMP_RET_ERRNO | errno.EBUSY), (0x06, 0, 0, kernel.SECCOMP_RET_ALLOW)))
kernel.set_no_new_privs()
kernel.seccomp_filter(program)
try:
    kernel.sethostname(os.uname().nodename)
except OSError as error:
    print(errno.errorcode[error.errno])
"""
    assert alone(code) == "EBUSY"


@pytest.mark.live
def test_dropped_capabilities_are_gone_from_every_set() -> None:
    code = """
sys_time = 25
kernel.bounding_drop(sys_time)
rest = kernel.capget()[1] & ~(1 << sys_time)
kernel.capset(rest, rest, 1 << 10)
kernel.ambient_raise(10)
print(kernel.bounding_has(sys_time), kernel.capget() == (rest, rest, 1 << 10))
kernel.ambient_clear()
print(kernel.prctl(kernel.PR_CAP_AMBIENT, kernel.PR_CAP_AMBIENT_IS_SET, 10))
"""
    assert alone(code) == "False True\n0"


def test_which_actions_seccomp_has_is_asked_of_the_kernel() -> None:
    assert kernel.seccomp_action_available(kernel.SECCOMP_RET_ERRNO)
    assert not kernel.seccomp_action_available(0x12340000)


@pytest.mark.live
def test_a_session_keyring_is_a_new_one() -> None:
    code = "print(len({kernel.keyctl_join_session(), kernel.keyctl_join_session(), kernel.keyctl_join_session('x')}))"
    assert alone(code) == "3"


def test_the_door_opens_without_what_the_launch_path_forbids() -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); sys.path += sys.argv[2:]; import arch.kernel\n"
    code += "print(*{'typing', 're', 'enum', 'dataclasses', 'logging', 'json', 'ctypes', 'cffi'} & set(sys.modules))"
    places = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, ROOT, *places], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
