from __future__ import annotations

import pytest

from backends.selection import consider_all
from probes.finding import KERNEL_AGE
from runtime.doctor.advice import Advice, advise, cured, together, waive
from tests.hosts import expected


def _advice(name: str) -> tuple[Advice, ...]:
    report = expected.report(name)
    return advise(report, consider_all(report))


def _by(name: str, beginning: str) -> Advice:
    return next(advice for advice in _advice(name) if advice.remedy.startswith(beginning))


def test_a_module_that_is_not_loaded_is_worth_its_backend() -> None:
    advice = _by("alpine-openrc", "modprobe overlay")
    assert advice.backends[0] == "storage/overlay"
    assert advice.guarantees == ("cheap-start", "layers")


def test_newer_kernels_say_what_each_adds() -> None:
    kernels = [advice for advice in _advice("rhel-6") if advice.remedy.startswith("boot Linux")]
    assert [advice.remedy.split()[2] for advice in kernels[:3]] == ["3.5", "3.18", "4.0"]
    assert kernels[0].backends == ("execution/namespaces",)
    assert kernels[1].backends == ("storage/overlay-single",)
    assert "storage/overlay" in kernels[2].backends
    assert "execution/namespaces" not in kernels[2].backends


def test_a_newer_kernel_brings_everything_that_is_older() -> None:
    newest = [advice for advice in _advice("rhel-6") if advice.remedy.startswith("boot Linux")][-1]
    aged = {finding.capability for finding in expected.report("rhel-6").findings if finding.blocker == KERNEL_AGE}
    assert set(newest.capabilities) == aged


def test_a_boot_argument_is_worth_its_limits() -> None:
    advice = next(advice for advice in _advice("arm64-debian-12") if "cgroup_enable=memory" in advice.remedy)
    assert "memory-limit" in advice.guarantees


def test_the_most_useful_comes_first() -> None:
    assert _advice("ubuntu-24.04-user")[0].remedy == "run as root (sudo)"


def test_what_no_remedy_alone_unlocks_is_told_apart() -> None:
    report = expected.report("debian-7")
    selections = consider_all(report)
    alone = {backend for advice in advise(report, selections) for backend in advice.backends}
    assert "cgroups/hybrid" not in alone
    assert "cgroups/hybrid" in together(report, selections)


def test_a_promise_that_can_be_given_up_is_named_with_its_flag() -> None:
    report = expected.report("rhel-6")
    waiver = waive(report, consider_all(report))[0]
    assert waiver.backend == "execution/namespaces"
    assert waiver.flags == ("--security-opt seccomp=unconfined",)
    assert waiver.guarantees == ("seccomp",)


def test_promises_that_no_flag_of_dockers_gives_up_are_named_with_ours() -> None:
    report = expected.report("config-that-lies")
    waivers = {waiver.backend: waiver.flags for waiver in waive(report, consider_all(report))}
    assert waivers["execution/namespaces"] == ("--prefer kill-all,pid-namespace",)
    assert waivers["execution/chroot"] == ("--prefer own-root,pid-namespace",)


@pytest.mark.parametrize("name", expected.NAMES)
def test_advice_is_weighed_without_changing_the_report(name: str) -> None:
    report = expected.report(name)
    before = report.as_dict()
    advise(report, consider_all(report))
    assert report.as_dict() == before


@pytest.mark.parametrize("name", expected.NAMES)
def test_a_healthy_host_needs_no_advice_to_run(name: str) -> None:
    report = expected.report(name)
    selections = consider_all(report)
    for advice in advise(report, selections):
        assert advice.remedy
        assert advice.capabilities
        supposed = cured(report, [report[capability] for capability in advice.capabilities])
        assert all(supposed.has(capability) for capability in advice.capabilities)
