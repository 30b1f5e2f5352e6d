"""Other processes in a running container."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any

import pytest

pytestmark = pytest.mark.live

SLEEP = "trap 'exit 0' TERM; while :; do sleep 0.1; done"


def _process(bundles: ModuleType, script: str, **more: Any) -> dict[str, Any]:
    process: dict[str, Any] = {**bundles.shell(script)["process"], **more}
    return process


def test_it_is_in_the_containers_namespaces_and_root(run: Any, bundles: ModuleType) -> None:
    script = "hostname; pwd; ls -d /usr/bin; for n in mnt pid uts ipc net cgroup; do readlink /proc/1/ns/$n; done; "
    script += "for n in mnt pid uts ipc net cgroup; do readlink /proc/self/ns/$n; done"
    result = run(
        bundles.shell(SLEEP, process__capabilities__ambient=[]),
        enter=[_process(bundles, script, capabilities=_with_ptrace(bundles))],
        signals=[15],
    )
    lines = result.stdout.splitlines()
    assert lines[:3] == ["box", "/", "/usr/bin"], result
    assert lines[3:9] == lines[9:15]
    assert lines[9] != os.readlink("/proc/self/ns/mnt")


def _with_ptrace(bundles: ModuleType) -> dict[str, list[str]]:
    names = [*bundles.CAPABILITIES, "CAP_SYS_PTRACE"]
    return {"bounding": names, "effective": names, "permitted": names}


def test_its_status_is_its_own(run: Any, bundles: ModuleType) -> None:
    result = run(bundles.shell(SLEEP), enter=[_process(bundles, "exit 5"), _process(bundles, "exit 0")], signals=[15])
    assert [entered["status"] for entered in result.answer["entered"]] == [5, 0]
    assert not result.answer["children"]


def test_its_user_limits_and_privileges_are_as_asked(run: Any, bundles: ModuleType) -> None:
    process = _process(
        bundles,
        "id -u; ulimit -n; grep -E 'CapEff|NoNewPrivs' /proc/self/status | cut -f2; pwd",
        user={"uid": 1000, "gid": 1000},
        cwd="/tmp",
        rlimits=[{"type": "RLIMIT_NOFILE", "soft": 77, "hard": 77}],
    )
    result = run(bundles.shell(SLEEP), enter=[process], signals=[15])
    assert result.stdout.split() == ["1000", "77", "0000000000000000", "1", "/tmp"], result


def test_it_has_a_terminal_of_the_containers_devpts(run: Any, bundles: ModuleType) -> None:
    process = _process(bundles, "tty; stty size", terminal=True, consoleSize={"height": 11, "width": 22})
    result = run(bundles.shell(SLEEP), enter=[process], signals=[15])
    assert result.answer["entered"][0]["console"].split() == ["/dev/pts/0", "11", "22"], result


@pytest.mark.parametrize("way", [{}, {"namespace.pid.clone": "absent", "namespace.pid.unshare": "present"}])
def test_it_enters_a_user_namespace(run: Any, bundles: ModuleType, rootfs: str, way: dict[str, str]) -> None:
    for folder, _, _ in os.walk(rootfs):
        os.chown(folder, 200000, 200000)
    bundle = bundles.with_user_namespace(bundles.shell(SLEEP))
    result = run(bundle, enter=[_process(bundles, "id -u; cut -c1-30 /proc/self/uid_map")], signals=[15], report=way)
    assert result.stdout.split()[:3] == ["0", "0", "200000"], result


def test_it_joins_the_cgroup(run: Any, bundles: ModuleType) -> None:
    hierarchy = "/sys/fs/cgroup/pids"
    if not os.path.isdir(hierarchy):
        pytest.skip("no v1 hierarchy of pids here")
    folder = f"{hierarchy}/entry-{os.getpid()}"
    os.mkdir(folder)
    try:
        process = _process(bundles, "grep pids: /proc/self/cgroup")
        result = run(bundles.shell(SLEEP), cgroup={"pids": folder}, enter=[process], signals=[15])
    finally:
        os.rmdir(folder)
    assert result.stdout.strip().endswith("pids:/"), result


def test_a_missing_program_is_said_to_be_missing(run: Any, bundles: ModuleType) -> None:
    process = {**bundles.make_bundle("nonesuch")["process"]}
    assert run(bundles.shell(SLEEP), enter=[process]).error == "ProgramNotFound"


def test_its_streams_are_its_only_descriptors(run: Any, bundles: ModuleType) -> None:
    process = {**bundles.make_bundle("/bin/ls", "/proc/self/fd")["process"]}
    assert run(bundles.shell(SLEEP), enter=[process], signals=[15]).stdout.split() == ["0", "1", "2", "3"]


def test_a_trap_in_the_container_does_not_get_our_interpreter(run: Any, bundles: ModuleType, rootfs: str) -> None:
    os.symlink("/proc/self/exe", f"{rootfs}/trap")
    process = {**bundles.make_bundle("/trap")["process"]}
    result = run(bundles.shell(SLEEP), enter=[process])
    assert result.error == "ProgramNotExecutable"
