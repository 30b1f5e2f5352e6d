"""What a container is, seen from inside: one property of config.json each."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any

import pytest

pytestmark = pytest.mark.live

NOBODY = {"uid": 1000, "gid": 1000}


def test_the_program_runs_and_its_status_is_the_processs(run: Any, bundles: ModuleType) -> None:
    result = run(bundles.shell("echo out; echo err >&2; cat; exit 7"), stdin="in")
    assert (result.stdout, result.stderr, result.status) == ("out\nin", "err\n", 7), result


def test_a_created_container_waits_for_its_start(run: Any, bundles: ModuleType) -> None:
    assert run(bundles.make_bundle()).answer["created"]


def test_nothing_is_left_to_reap_but_the_program(run: Any, bundles: ModuleType) -> None:
    assert not run(bundles.make_bundle()).answer["children"]


def test_the_program_is_process_one_and_sees_no_other(run: Any, bundles: ModuleType) -> None:
    result = run(bundles.shell("echo $$; ls /proc | grep -c '^[0-9]'"))
    first, visible = result.stdout.split()
    assert first == "1"
    assert int(visible) <= 4


@pytest.mark.parametrize("way", [{"namespace.pid.clone": "present"}, {"namespace.pid.clone": "absent",
                                                                      "namespace.pid.unshare": "present"}])  # fmt: skip
def test_both_ways_into_a_pid_namespace_lead_there(run: Any, bundles: ModuleType, way: dict[str, str]) -> None:
    result = run(bundles.shell("echo $$"), report=way)
    assert (result.stdout, result.status) == ("1\n", 0), result


@pytest.mark.parametrize("kind", ["mnt", "pid", "uts", "ipc", "net", "cgroup"])
def test_every_namespace_is_new(run: Any, bundles: ModuleType, kind: str) -> None:
    result = run(bundles.make_bundle("/bin/readlink", f"/proc/self/ns/{kind}"))
    assert result.stdout.startswith(f"{kind}:[")
    assert result.stdout.strip() != os.readlink(f"/proc/self/ns/{kind}")


def test_a_namespace_not_asked_for_is_the_hosts(run: Any, bundles: ModuleType) -> None:
    bundle = bundles.make_bundle(
        "/bin/readlink", "/proc/self/ns/net", linux__namespaces=bundles.namespaces("mount", "pid", "uts")
    )
    assert run(bundle).stdout.strip() == os.readlink("/proc/self/ns/net")


def test_a_namespace_is_joined_by_its_path(run: Any, bundles: ModuleType) -> None:
    wanted = bundles.namespaces("mount", "pid", "uts", "network", ipc="/proc/self/ns/ipc")
    result = run(bundles.make_bundle("/bin/readlink", "/proc/self/ns/ipc", linux__namespaces=wanted))
    assert result.stdout.strip() == os.readlink("/proc/self/ns/ipc")


def test_the_loopback_interface_is_up(run: Any, bundles: ModuleType) -> None:
    result = run(bundles.make_bundle("/bin/cat", "/sys/class/net/lo/flags"))
    assert int(result.stdout, 16) & 1


def test_the_host_name_is_set_and_the_hosts_is_not(run: Any, bundles: ModuleType) -> None:
    before = os.uname().nodename
    result = run(bundles.shell("hostname; cat /proc/sys/kernel/domainname", hostname="inner", domainname="example"))
    assert result.stdout == "inner\nexample\n"
    assert os.uname().nodename == before


def test_the_hosts_files_are_out_of_reach(run: Any, bundles: ModuleType, tmp_path: Any) -> None:
    (tmp_path / "secret").write_text("x")
    result = run(bundles.shell(f"ls {tmp_path}; ls /.. >&2; cat /proc/1/mountinfo"))
    assert "secret" not in result.stdout + result.stderr
    places = [line.split(" ")[4] for line in result.stdout.splitlines()]
    assert places[0] == "/"
    assert all(place == "/" or place.startswith(("/proc", "/dev", "/sys")) for place in places)


def test_the_root_can_be_entered_by_moving_its_mount(run: Any, bundles: ModuleType, rootfs: str) -> None:
    way = {"mount.pivot_root": "absent", "mount.move": "present"}
    result = run(bundles.shell("ls / >&2; cat /proc/mounts"), report=way)
    assert result.stderr.split() == sorted(os.listdir(rootfs))
    # The host's other mounts were detached: nothing but the container's own is left, and the one below its root.
    places = [line.split(" ")[1] for line in result.stdout.splitlines()]
    assert all(place == "/" or place.startswith(("/proc", "/dev", "/sys")) for place in places), places


def test_a_read_only_root_cannot_be_written(run: Any, bundles: ModuleType) -> None:
    result = run(bundles.shell("touch /new; echo $?; touch /dev/shm/new && echo ok", root__readonly=True))
    assert "Read-only file system" in result.stderr
    assert result.stdout == "1\nok\n"


@pytest.mark.parametrize("name", ["private", "rprivate", "slave", "rslave", "shared", "rshared", "unbindable"])
def test_the_roots_propagation_is_as_asked(run: Any, bundles: ModuleType, name: str) -> None:
    result = run(bundles.make_bundle("/bin/cat", "/proc/self/mountinfo", linux__rootfsPropagation=name))
    root = next(line for line in result.stdout.splitlines() if line.split(" ")[4] == "/")
    assert ("shared:" in root) == ("shared" in name), result
    assert ("unbindable" in root) == ("unbindable" in name)


def test_default_devices_and_links_are_there(run: Any, bundles: ModuleType) -> None:
    result = run(bundles.shell(
        "for d in null zero full random urandom tty; do stat -c '%F %t:%T %a' /dev/$d; done; "
        "for l in fd stdin stdout stderr core ptmx; do readlink /dev/$l; done; echo x > /dev/null"
    ))  # fmt: skip
    lines = result.stdout.splitlines()
    assert lines[:6] == [f"character special file {n} 666" for n in ("1:3", "1:5", "1:7", "1:8", "1:9", "5:0")], result
    assert lines[6:] == [
        "/proc/self/fd", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2", "/proc/kcore", "pts/ptmx",
    ]  # fmt: skip


def test_a_device_of_the_bundle_is_made_with_its_mode_and_owner(run: Any, bundles: ModuleType) -> None:
    device = {"path": "/dev/net/own", "type": "c", "major": 10, "minor": 200, "fileMode": 0o640, "uid": 5, "gid": 6}
    result = run(bundles.make_bundle("/bin/stat", "-c", "%t:%T %a %u:%g", "/dev/net/own", linux__devices=[device]))
    assert result.stdout == "a:c8 640 5:6\n", result


def test_masked_files_are_empty_and_masked_folders_too(run: Any, bundles: ModuleType) -> None:
    result = run(bundles.shell("wc -c < /proc/timer_list; ls /sys/firmware | wc -l; touch /sys/firmware/x"))
    assert result.stdout.split() == ["0", "0"], result
    assert "Read-only" in result.stderr


def test_read_only_paths_refuse_writing(run: Any, bundles: ModuleType) -> None:
    result = run(bundles.shell("echo 1 > /proc/sys/kernel/shmmni"))
    assert "Read-only file system" in result.stderr


def test_a_sysctl_of_a_namespace_is_set(run: Any, bundles: ModuleType) -> None:
    values = {"net.ipv4.ip_forward": "1", "kernel.shmmni": "1234"}
    script = "cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni"
    assert run(bundles.shell(script, linux__sysctl=values)).stdout == "1\n1234\n"


def test_limits_are_set(run: Any, bundles: ModuleType) -> None:
    limits = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}, {"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]
    result = run(bundles.shell("ulimit -Sn; ulimit -Hn; ulimit -c", process__rlimits=limits))
    assert result.stdout.split() == ["100", "200", "0"]


def test_a_limit_that_cannot_be_raised_is_named(run: Any, bundles: ModuleType) -> None:
    with open("/proc/self/status", encoding="utf-8") as stream:
        effective = int(next(line for line in stream if line.startswith("CapEff")).split()[1], 16)
    # CAP_SYS_RESOURCE could raise it; fs.nr_open bounds even that.
    most = 1 << 40 if effective >> 24 & 1 else 1 << 30
    result = run(bundles.make_bundle(process__rlimits=[{"type": "RLIMIT_NOFILE", "soft": 10, "hard": most}]))
    assert result.error == "StepFailed"
    assert "RLIMIT_NOFILE" in result.text
    assert "CAP_SYS_RESOURCE" in result.hint


def test_the_out_of_memory_score_is_set(run: Any, bundles: ModuleType) -> None:
    assert run(bundles.make_bundle("/bin/cat", "/proc/self/oom_score_adj", process__oomScoreAdj=321)).stdout == "321\n"


def _capabilities(text: str) -> dict[str, int]:
    pairs = [line.split() for line in text.splitlines() if line.startswith("Cap")]
    return {name[3:-1].lower(): int(value, 16) for name, value in pairs}


def test_all_five_capability_sets_are_as_asked(run: Any, bundles: ModuleType) -> None:
    sets = {
        "bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID", "CAP_NET_RAW"],
        "permitted": ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID"],
        "effective": ["CAP_CHOWN"],
        "inheritable": ["CAP_KILL", "CAP_SETUID"],
        "ambient": ["CAP_KILL"],
    }
    bundle = bundles.make_bundle("/bin/cat", "/proc/self/status", process__capabilities=sets, process__user=NOBODY)
    found = _capabilities(run(bundle).stdout)
    kill, setuid, chown, raw = 1 << 5, 1 << 7, 1 << 0, 1 << 13
    # The exec by an ordinary user keeps what is ambient: capabilities(7).
    assert found["amb"] == kill
    assert found["inh"] == kill | setuid
    assert found["bnd"] == chown | kill | setuid | raw
    assert found["prm"] == found["eff"] == kill


def test_roots_capabilities_after_the_exec_are_those_of_the_bounding_set(run: Any, bundles: ModuleType) -> None:
    found = _capabilities(run(bundles.make_bundle("/bin/cat", "/proc/self/status")).stdout)
    assert found["bnd"] == found["prm"] == found["eff"] == 0xA80425FB
    assert found["amb"] == found["inh"] == 0


def test_no_capabilities_are_given_where_none_are_asked_for(run: Any, bundles: ModuleType) -> None:
    found = _capabilities(run(bundles.make_bundle("/bin/cat", "/proc/self/status", process__capabilities=None)).stdout)
    assert set(found.values()) == {0}


def test_a_capability_that_is_not_ours_to_give_is_refused(run: Any, bundles: ModuleType) -> None:
    with open("/proc/self/status", encoding="utf-8") as stream:
        permitted = _capabilities(stream.read())["prm"]
    if permitted >> 24 & 1:
        pytest.skip("this process has CAP_SYS_RESOURCE; the case needs a capability that it lacks")
    sets = {name: ["CAP_SYS_RESOURCE"] for name in ("bounding", "permitted", "effective")}
    result = run(bundles.make_bundle(process__capabilities=sets))
    assert "CAP_SYS_RESOURCE" in result.text


@pytest.mark.parametrize("wanted", [True, False])
def test_new_privileges_are_forbidden_as_asked(run: Any, bundles: ModuleType, wanted: bool) -> None:
    result = run(bundles.make_bundle("/bin/grep", "NoNewPrivs", "/proc/self/status", process__noNewPrivileges=wanted))
    assert result.stdout.split()[-1] == str(int(wanted))


def test_the_user_the_groups_and_the_mask_are_set(run: Any, bundles: ModuleType) -> None:
    user = {"uid": 1000, "gid": 1001, "additionalGids": [5, 7], "umask": 0o077}
    result = run(bundles.shell("id -u; id -g; id -G; umask", process__user=user))
    uid, gid, groups, mask = result.stdout.splitlines()
    assert (uid, gid, mask) == ("1000", "1001", "0077")
    assert sorted(groups.split()) == ["1001", "5", "7"]


def test_an_ordinary_user_may_reopen_its_streams(run: Any, bundles: ModuleType) -> None:
    result = run(bundles.shell("echo hello > /dev/stdout; echo again > /proc/self/fd/2", process__user=NOBODY))
    assert (result.stdout, result.stderr) == ("hello\n", "again\n")


def test_the_working_folder_is_entered_and_made_if_missing(run: Any, bundles: ModuleType) -> None:
    assert run(bundles.make_bundle("/bin/pwd", process__cwd="/srv/deep/er")).stdout == "/srv/deep/er\n"


def test_the_environment_is_the_bundles_and_nothing_else(run: Any, bundles: ModuleType) -> None:
    result = run(bundles.make_bundle("/bin/env", process__env=["PATH=/bin", "A=b=c", "ODD=é", "HOME=/h"]))
    assert sorted(result.stdout.splitlines()) == ["A=b=c", "HOME=/h", "ODD=é", "PATH=/bin"]


def test_only_the_three_streams_are_open(run: Any, bundles: ModuleType) -> None:
    leak = os.open("/", os.O_RDONLY)
    try:
        result = run(bundles.make_bundle("/bin/ls", "/proc/self/fd"), pass_fds=(leak,))
    finally:
        os.close(leak)
    assert result.stdout.split() == ["0", "1", "2", "3"]  # 3 is ls's own


def test_preserved_descriptors_are_kept(run: Any, bundles: ModuleType) -> None:
    script = "readlink /proc/self/fd/3"
    result = run(bundles.shell(script), options={"preserved": 1})
    assert result.stdout, result


def test_signals_are_as_a_program_expects_them(run: Any, bundles: ModuleType) -> None:
    result = run(bundles.make_bundle("/bin/cat", "/proc/self/status"))
    lines = [line.split() for line in result.stdout.splitlines()]
    masks = {words[0]: int(words[1], 16) for words in lines if words[0] in ("SigBlk:", "SigIgn:", "SigCgt:")}
    assert masks == {"SigBlk:": 0, "SigIgn:": 0, "SigCgt:": 0}


def test_a_program_is_found_by_the_containers_path(run: Any, bundles: ModuleType) -> None:
    assert run(bundles.make_bundle("echo", "found")).stdout == "found\n"


def test_a_missing_program_is_said_to_be_missing(run: Any, bundles: ModuleType) -> None:
    result = run(bundles.make_bundle("nonesuch"))
    assert result.error == "ProgramNotFound"
    assert "nonesuch" in result.text
    assert not result.answer["children"]


def test_a_file_that_is_not_executable_is_said_to_be(run: Any, bundles: ModuleType) -> None:
    assert run(bundles.make_bundle("/etc/passwd")).error == "ProgramNotExecutable"


def test_a_program_of_another_machine_is_named_as_such(run: Any, bundles: ModuleType, rootfs: str) -> None:
    head = bytearray(64)
    head[:6] = b"\x7fELF\x02\x01"
    head[16:20] = b"\x02\x00\x16\x00"
    with open(f"{rootfs}/foreign", "wb") as stream:
        stream.write(head)
    os.chmod(f"{rootfs}/foreign", 0o755)
    result = run(bundles.make_bundle("/foreign"))
    assert result.error == "ProgramNotExecutable"
    assert "s390x" in result.hint


def test_a_missing_interpreter_is_told_from_a_missing_program(run: Any, bundles: ModuleType, rootfs: str) -> None:
    with open(f"{rootfs}/script", "w", encoding="utf-8") as stream:
        stream.write("#!/no/such/shell\n")
    os.chmod(f"{rootfs}/script", 0o755)
    result = run(bundles.make_bundle("/script"))
    assert result.error == "ProgramNotFound"
    assert "interpreter" in result.hint


@pytest.mark.parametrize("content", ["#!/proc/self/exe\n", None])
def test_our_own_interpreter_cannot_be_executed(
    run: Any, bundles: ModuleType, rootfs: str, content: str | None
) -> None:
    trap = f"{rootfs}/trap"
    if content is None:
        os.symlink("/proc/self/exe", trap)
    else:
        with open(trap, "w", encoding="utf-8") as stream:
            stream.write(content)
        os.chmod(trap, 0o755)
    result = run(bundles.make_bundle("/trap"))
    assert result.error == "ProgramNotExecutable"
    assert "out of the container" in result.text


def test_a_terminal_is_the_containers_own(run: Any, bundles: ModuleType) -> None:
    size = {"height": 31, "width": 97}
    result = run(bundles.shell("tty; stty size; stat -c %t:%T /dev/console | grep -c '^88:0'; echo x > /dev/tty",
                               process__terminal=True, process__consoleSize=size))  # fmt: skip
    assert result.console.split() == ["/dev/pts/0", "31", "97", "1", "x"], result


def test_a_terminal_belongs_to_the_user(run: Any, bundles: ModuleType) -> None:
    result = run(bundles.shell("stat -Lc %u /dev/pts/0", process__terminal=True, process__user=NOBODY))
    assert result.console.split() == ["1000"]


def test_a_session_keyring_is_new(run: Any, bundles: ModuleType) -> None:
    result = run(bundles.shell("cat /proc/keys", linux__maskedPaths=None))
    assert "keyring" in result.stdout, result


def test_a_32_bit_personality_is_set(run: Any, bundles: ModuleType) -> None:
    result = run(bundles.make_bundle("/bin/uname", "-m", linux__personality={"domain": "LINUX32"}))
    assert result.stdout.strip() in ("i686", "armv8l", "ppc64le", "s390", "riscv32")


def test_a_schedule_and_an_io_priority_are_set(run: Any, bundles: ModuleType) -> None:
    bundle = bundles.shell(
        "cut -d' ' -f41 /proc/self/stat",
        process__scheduler={"policy": "SCHED_BATCH", "nice": 3},
        process__ioPriority={"class": "IOPRIO_CLASS_BE", "priority": 4},
    )
    assert run(bundle).stdout == "3\n"


def test_a_time_namespace_has_its_offset(run: Any, bundles: ModuleType) -> None:
    bundle = bundles.make_bundle("/bin/cat", "/proc/uptime", linux__timeOffsets={"boottime": {"secs": 864000000}})
    bundle["linux"]["namespaces"].append({"type": "time"})
    assert float(run(bundle).stdout.split()[0]) > 864000000


def test_a_child_that_fails_tells_the_step(run: Any, bundles: ModuleType) -> None:
    result = run(bundles.make_bundle(mounts=[{"destination": "/x", "type": "nonesuch", "source": "x"}]))
    assert result.answer["step"] == "mount nonesuch on /x"
    assert result.answer["errno"] == 19
    assert not result.answer["children"]


def test_a_filter_is_in_force(run: Any, bundles: ModuleType) -> None:
    # load the number; mkdir and mkdirat: EXDEV, else allow. x86-64 numbers.
    if os.uname().machine != "x86_64":
        pytest.skip("the program is written in x86_64's numbers")
    program = (
        "2000000000000000" "15000200" "53000000" "15000100" "02010000" "06000000" "0000ff7f" "06000000" "12000500"
    )  # fmt: skip
    for wanted in (True, False):
        bundle = bundles.shell("mkdir /tmp/x", process__noNewPrivileges=wanted, linux__seccomp=bundles.FILTER)
        result = run(bundle, options={"seccomp": program})
        assert "nvalid cross-device link" in result.stderr, result
