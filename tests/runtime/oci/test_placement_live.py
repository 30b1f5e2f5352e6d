"""Which CPUs a process runs on, and which nodes its memory comes from."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from tests.runtime.oci.conftest import Oci

pytestmark = pytest.mark.live

ALLOWED = "grep Cpus_allowed_list /proc/self/status | cut -f2"
POLICY = "head -n 1 /proc/self/numa_maps | cut -d ' ' -f 2"


@pytest.fixture
def cpus() -> list[int]:
    """Of this machine, as far as this process may use them."""
    found = sorted(os.sched_getaffinity(0))
    if len(found) < 2:
        pytest.skip("one CPU: nothing to choose from")
    return found


def _listed(cpus: list[int]) -> str:
    """As the kernel writes it."""
    if len(cpus) > 1 and cpus[-1] - cpus[0] == len(cpus) - 1:
        return f"{cpus[0]}-{cpus[-1]}"
    return ",".join(map(str, cpus))


def _confined(oci: Oci, cpu: int, *arguments: str) -> str:
    return oci(*arguments, preexec_fn=lambda: os.sched_setaffinity(0, [cpu])).stdout.strip()


def test_a_container_has_all_cpus_whoever_starts_it(oci: Oci, cpus: list[int]) -> None:
    assert _confined(oci, cpus[0], "run", "-b", oci.shell(ALLOWED), oci.name) == _listed(cpus)


def test_so_has_a_later_process(sleeping: Oci, cpus: list[int]) -> None:
    assert _confined(sleeping, cpus[0], "exec", sleeping.name, "/bin/sh", "-c", ALLOWED) == _listed(cpus)


@pytest.mark.parametrize(
    ("affinity", "chosen"),
    [
        (lambda cpus: {"final": str(cpus[1])}, lambda cpus: cpus[1:2]),
        (lambda cpus: {"initial": str(cpus[0]), "final": str(cpus[1])}, lambda cpus: cpus[1:2]),
        (lambda cpus: {"initial": str(cpus[0])}, lambda cpus: cpus),
        (lambda cpus: {"initial": f"{cpus[0]},{cpus[1]}", "final": f"{cpus[0]},{cpus[1]}"}, lambda cpus: cpus[:2]),
    ],
    ids=["final", "both", "initial", "lists"],
)
def test_a_later_process_runs_where_the_configuration_says(
    oci: Oci, cpus: list[int], affinity: Any, chosen: Any
) -> None:
    bundle = oci.bundle("sleep", "1000", process__execCPUAffinity=affinity(cpus))
    oci("run", "--detach", "-b", bundle, oci.name)
    assert oci("exec", oci.name, "/bin/sh", "-c", ALLOWED).stdout.strip() == _listed(chosen(cpus))


def test_the_first_process_runs_where_it_would_without(oci: Oci, cpus: list[int]) -> None:
    affinity = {"initial": str(cpus[0]), "final": str(cpus[0])}
    assert oci.run(ALLOWED, process__execCPUAffinity=affinity).stdout.strip() == _listed(cpus)


@pytest.mark.parametrize("own", [True, False], ids=["its own", "the container's"])
def test_a_process_of_a_file_has_its_own_choice_or_the_containers(oci: Oci, cpus: list[int], own: bool) -> None:
    bundle = oci.bundle("sleep", "1000", process__execCPUAffinity={"final": str(cpus[1])})
    oci("run", "--detach", "-b", bundle, oci.name)
    process = {"args": ["/bin/sh", "-c", ALLOWED], "cwd": "/", "env": ["PATH=/bin:/usr/bin"]}
    file = oci.folder / "process.json"
    file.write_text(json.dumps({**process, "execCPUAffinity": {"final": str(cpus[0])}} if own else process))
    assert oci("exec", "--process", str(file), oci.name).stdout.strip() == str(cpus[0] if own else cpus[1])


def test_a_cpu_that_is_not_there_is_named(oci: Oci) -> None:
    oci("run", "--detach", "-b", oci.bundle("sleep", "1000", process__execCPUAffinity={"final": "8000"}), oci.name)
    assert "cannot run on the CPUs 8000" in oci("exec", oci.name, "true", status=255).stderr


# ------------------------------------------------------------------------------------------------ memory policy


@pytest.mark.parametrize(
    ("policy", "shown"),
    [
        ({"mode": "MPOL_INTERLEAVE", "nodes": "0"}, "interleave:0"),
        ({"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]}, "bind=static:0"),
        ({"mode": "MPOL_PREFERRED", "nodes": "0", "flags": ["MPOL_F_RELATIVE_NODES"]}, "prefer=relative:0"),
        ({"mode": "MPOL_LOCAL"}, "local"),
        ({"mode": "MPOL_DEFAULT"}, "default"),
        ({}, "default"),
    ],
)
def test_the_kernel_shows_the_memory_policy(oci: Oci, policy: dict[str, Any], shown: str) -> None:
    assert oci.run(POLICY, linux__memoryPolicy=policy).stdout.strip() == shown


def test_a_later_process_has_the_containers_memory_policy(oci: Oci) -> None:
    policy = {"mode": "MPOL_BIND", "nodes": "0"}
    oci("run", "--detach", "-b", oci.bundle("sleep", "1000", linux__memoryPolicy=policy), oci.name)
    assert oci("exec", oci.name, "/bin/sh", "-c", POLICY).stdout.strip() == "bind:0"


@pytest.mark.parametrize(
    "policy",
    [
        {"mode": "MPOL_DEFAULT", "nodes": "0-7"},
        {"mode": "MPOL_BIND", "nodes": "1000"},
        {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES"]},
    ],
)
def test_what_the_kernel_refuses_is_an_error(oci: Oci, policy: dict[str, Any]) -> None:
    done = oci.run("true", status=1, linux__memoryPolicy=policy)
    assert f"cannot set the memory policy {policy['mode']}" in done.stderr
    assert "invalid argument" in done.stderr.lower()
