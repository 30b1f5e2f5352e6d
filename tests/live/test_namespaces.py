"""What containers share with each other and with the host, and what they do not."""

from __future__ import annotations

import os

from tests.live.conftest import Runtime


def test_processes_of_another_container_are_seen_when_asked_for(runtime: Runtime) -> None:
    first = runtime.detached("--name", "first", "@host", "sleep", "123456")
    said = runtime.said("--pid", f"container:{first}", "@host", "sh", "-c", "cat /proc/*/cmdline | tr '\\0' ' '")
    assert "sleep 123456" in said
    assert "123456" not in runtime.said("@host", "sh", "-c", "cat /proc/*/cmdline")


def test_processes_of_the_host_are_seen_when_asked_for(runtime: Runtime) -> None:
    assert runtime.said("--pid", "host", "@host", "sh", "-c", f"test -d /proc/{os.getpid()} && echo seen") == "seen\n"


def test_joining_the_processes_of_what_does_not_run_is_refused(runtime: Runtime) -> None:
    runtime("create", "--name", "still", "@host", "true")
    told = runtime.refused("run", "--rm", "--network", "none", "--pid", "container:still", "@host", "true")
    assert "still" in told
    assert "runtime start still" in told
    assert runtime.names() == {"still"}


def test_shared_memory_is_shared_by_those_who_say_so(runtime: Runtime) -> None:
    first = runtime.detached("--ipc", "shareable", "@host", "sh", "-c", "echo here >/dev/shm/x; exec sleep 1000")
    runtime("exec", first, "sh", "-c", "until test -s /dev/shm/x; do sleep 0.01; done")
    assert runtime.said("--ipc", f"container:{first}", "@host", "cat", "/dev/shm/x") == "here\n"
    private = runtime.detached("@host", "sleep", "1000")
    told = runtime.refused("run", "--rm", "--network", "none", "--ipc", f"container:{private}", "@host", "true")
    assert "--ipc shareable" in told


def test_a_network_is_joined(runtime: Runtime) -> None:
    first = runtime.detached("@host", "sleep", "1000")
    theirs = runtime("exec", first, "readlink", "/proc/self/ns/net").stdout
    said = runtime("run", "--rm", "--network", f"container:{first}", "@host", "readlink", "/proc/self/ns/net").stdout
    assert said == theirs
    assert said.strip() != os.readlink("/proc/self/ns/net")


def test_without_a_network_there_is_only_the_loopback_and_it_is_up(runtime: Runtime) -> None:
    said = runtime.said("@host", "sh", "-c", "tail -n +3 /proc/net/dev | cut -d: -f1; cat /sys/class/net/lo/flags")
    assert said.split() == ["lo", "0x9"]


def test_the_host_s_network_is_the_host_s(runtime: Runtime) -> None:
    said = runtime("run", "--rm", "--network", "host", "@host", "readlink", "/proc/self/ns/net").stdout
    assert said.strip() == os.readlink("/proc/self/ns/net")
