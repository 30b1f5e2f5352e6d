from __future__ import annotations

import os
import signal
import stat
import sys
import time

import pytest

from probes.errors import ProbeError
from probes.host import Trial
from probes.trial import TRIALS, remove, run

MODES = ("direct", "user")


def _children() -> set[str]:
    """Processes of our own session that run this interpreter's image."""
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        return set(file.read().split())


def test_a_name_that_is_not_registered_is_an_error() -> None:
    with pytest.raises(ProbeError, match="no trial"):
        run(Trial("storage.tape"))


def test_a_trial_that_hangs_is_ended_with_its_children() -> None:
    before = _children()  # other tests' too: a worker runs many
    began = time.monotonic()
    outcome = run(Trial("runner.hang"), limit=0.2)
    assert outcome.timeout
    assert not outcome.ok
    assert "0.2 s" in outcome.detail
    assert time.monotonic() - began < 5
    assert _children() <= before


def test_a_trial_with_wrong_arguments_is_an_answer_and_no_crash() -> None:
    outcome = run(Trial("namespace", "nonsense", "direct"))
    assert (outcome.ok, outcome.errno, outcome.call) == (False, "", "")
    assert "KeyError" in outcome.detail


def test_a_trial_that_the_kernel_ends_says_by_which_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden() -> str:
        os.kill(os.getpid(), signal.SIGSYS)
        return ""

    monkeypatch.setitem(TRIALS, "abort", (forbidden, ""))
    assert run(Trial("abort")).detail == "ended by SIGSYS without an answer"


def test_the_parent_changes_nothing_of_its_own(tmp_path: object) -> None:
    before = (os.getcwd(), os.umask(0o022), os.readlink("/proc/self/ns/mnt"), sorted(os.listdir("/proc/self/fd")))
    os.umask(before[1])
    run(Trial("mount.tmpfs", str(tmp_path), "user"))
    run(Trial("process.no_new_privs"))
    with open("/proc/self/status", encoding="ascii") as file:
        assert "NoNewPrivs:\t0" in file.read()
    assert os.readlink("/proc/self/ns/mnt") == before[2]
    assert len(os.listdir("/proc/self/fd")) == len(before[3])


def test_a_store_that_does_not_exist_yet_is_tried_where_it_would_be(tmp_path: object) -> None:
    outcome = run(Trial("storage.d_type", f"{tmp_path}/not/made/yet"))
    assert outcome.ok, outcome.detail
    assert os.listdir(str(tmp_path)) == []


def test_a_store_that_we_may_not_write_to_is_an_answer() -> None:
    outcome = run(Trial("storage.d_type", "/proc"))
    assert not outcome.ok
    assert outcome.call == "mkdir()"


def test_removing_a_scratch_tree_follows_no_link(tmp_path: object) -> None:
    outside = f"{tmp_path}/outside"
    os.mkdir(outside)
    open(f"{outside}/kept", "w").close()
    scratch = f"{tmp_path}/scratch"
    os.makedirs(f"{scratch}/below/closed", 0o000)
    os.symlink(outside, f"{scratch}/link")
    remove(scratch)
    assert sorted(os.listdir(str(tmp_path))) == ["outside"]
    assert os.listdir(outside) == ["kept"]


def _arguments(name: str, store: str, mode: str) -> list[tuple[str, ...]]:
    """Every registered trial with arguments that fit it."""
    special: dict[str, list[tuple[str, ...]]] = {
        "namespace": [(kind, mode) for kind in ("mount", "uts", "ipc", "net", "cgroup", "time")],
        "mount.kind": [(store, mode, "binfmt_misc")],
        "seccomp.filter": [(), ("tsync",), ("listener",)],
        "seccomp.action": [("kill_process",), ("log",), ("notify",)],
        "storage.overlay": [(store, mode, "opaque"), (store, mode, "single")],
        "storage.xattr": [(store, space, mode) for space in ("trusted", "user", "security")],
        "emulation.run": [(store, name) for name in ("x86_64", "i386", "arm64")],
        "network.iptables": [(mode, sys.executable)],
        "cgroup.create": [("/sys/fs/cgroup/unified",), ("/sys/fs/cgroup",)],
        "cgroup.devices": [("/sys/fs/cgroup/unified",), ("/sys/fs/cgroup",)],
        "process.clone_into_cgroup": [("/sys/fs/cgroup/unified",), ("/sys/fs/cgroup",)],
    }
    if name in special:
        return special[name]
    function, first = TRIALS[name]
    wanted = function.__code__.co_varnames[: function.__code__.co_argcount]
    return [(*((store,) if first else ()), *((mode,) if "mode" in wanted else ()))]


@pytest.mark.live
@pytest.mark.parametrize("mode", MODES)
def test_no_trial_leaves_anything_behind(tmp_path: object, mode: str) -> None:
    def look() -> tuple[object, ...]:
        with open("/proc/self/mountinfo", encoding="utf-8") as file:
            mounts = sum(str(tmp_path) in line for line in file)
        return mounts, os.listdir(str(tmp_path)), _children(), _cgroups()

    before = look()
    for name in sorted(set(TRIALS) - {"runner.hang"}):
        for arguments in _arguments(name, str(tmp_path), mode):
            outcome = run(Trial(name, *arguments))
            assert not outcome.timeout, name
            assert outcome.ok or outcome.call or "without an answer" in outcome.detail, f"{name}: {outcome.detail}"
    assert look() == before


def _cgroups() -> list[str]:
    ours = f"trial-{os.getpid()}-"
    return [place for place, folders, _ in os.walk("/sys/fs/cgroup") for name in folders if name.startswith(ours)]


@pytest.mark.live
def test_namespaces_are_judged_by_their_effect() -> None:
    for kind in ("mount", "uts", "ipc", "net"):
        outcome = run(Trial("namespace", kind, "direct"))
        assert outcome.ok, outcome.detail
        assert "became" in outcome.detail


@pytest.mark.live
def test_a_filter_in_a_trial_does_not_filter_us() -> None:
    assert run(Trial("seccomp.filter")).ok
    assert os.getpgid(0) > 0


@pytest.mark.live
def test_a_trial_on_a_read_only_store_says_so(tmp_path: object) -> None:
    import subprocess

    script = (
        "from probes.trial import run; from probes.host import Trial; from arch import kernel; import sys\n"
        "kernel.unshare(kernel.CLONE_NEWNS); kernel.mount(None, '/', None, kernel.MS_REC | kernel.MS_PRIVATE)\n"
        "kernel.mount('tmpfs', sys.argv[1], 'tmpfs', kernel.MS_RDONLY, None)\n"
        "print(run(Trial('storage.d_type', sys.argv[1])).errno)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "EROFS"


def test_scratch_folders_are_private(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    def peek(scratch: str) -> str:
        return oct(stat.S_IMODE(os.stat(scratch).st_mode))

    monkeypatch.setitem(TRIALS, "peek", (peek, "folder"))
    assert run(Trial("peek", str(tmp_path))).detail == "0o700"
