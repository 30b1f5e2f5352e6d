"""Planning: from config.json and a report to steps, on any machine."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from arch import constants as c
from backends.contract import Plan
from backends.errors import UnsupportedConfiguration
from backends.execution.namespaces.birth import CloneBirth, UnshareBirth
from backends.execution.plan import make_plan
from backends.execution.steps.mount import MountFilesystem
from probes.finding import Finding
from probes.report import HostReport


def report(**states: str) -> HostReport:
    """namespace__pid__clone="absent" and so on."""
    return HostReport({}, {}, {}, [Finding(name.replace("__", "."), state, "so") for name, state in states.items()])


def plan(bundle: dict[str, Any], host: HostReport | None = None, **options: Any) -> Plan:
    return make_plan("namespaces", bundle, "/rootfs", host or report(), **options)


def steps(bundle: dict[str, Any], host: HostReport | None = None, **options: Any) -> list[str]:
    return plan(bundle, host, **options).describe()


def position(lines: list[str], start: str) -> int:
    return next(number for number, line in enumerate(lines) if line.split(": ", 1)[1].startswith(start))


def test_every_step_says_where_it_runs(bundles: ModuleType) -> None:
    assert {line.split(": ")[0] for line in steps(bundles.make_bundle(), init=True)} == {"parent", "child", "init"}


def test_the_same_bundle_and_report_give_the_same_plan(bundles: ModuleType) -> None:
    assert steps(bundles.make_bundle()) == steps(bundles.make_bundle())


def test_all_namespaces_but_the_cgroup_are_cloned_at_once(bundles: ModuleType) -> None:
    birth = plan(bundles.make_bundle()).steps[0]
    assert isinstance(birth, CloneBirth)
    wanted = c.CLONE_NEWNS | c.CLONE_NEWPID | c.CLONE_NEWUTS | c.CLONE_NEWIPC | c.CLONE_NEWNET
    assert birth.flags == wanted


@pytest.mark.parametrize(
    ("clone", "unshare", "way"),
    [
        ("present", "present", CloneBirth),
        ("present", "absent", CloneBirth),
        ("absent", "present", UnshareBirth),
        ("denied", "present", UnshareBirth),
        ("unknown", "present", CloneBirth),
        ("absent", "unknown", CloneBirth),
    ],
)
def test_the_way_into_a_pid_namespace_is_the_reports(bundles: ModuleType, clone: str, unshare: str, way: type) -> None:
    host = report(namespace__pid__clone=clone, namespace__pid__unshare=unshare)
    assert isinstance(plan(bundles.make_bundle(), host).steps[0], way)


@pytest.mark.parametrize("kind", ["pid", "user", "time"])
def test_joining_what_only_children_enter_takes_an_intermediate_child(bundles: ModuleType, kind: str) -> None:
    wanted = bundles.namespaces("mount", **{kind: f"/proc/7/ns/{kind}"})
    bundle = bundles.make_bundle(hostname=None, linux__namespaces=wanted)
    assert isinstance(plan(bundle).steps[0], UnshareBirth)


def test_the_cgroup_is_joined_before_its_namespace_is_made(bundles: ModuleType) -> None:
    lines = steps(bundles.make_bundle())
    assert position(lines, "join the container's cgroup") < position(lines, "create a cgroup namespace")


def test_the_child_hides_before_it_touches_the_containers_files(bundles: ModuleType) -> None:
    lines = steps(bundles.make_bundle())
    assert position(lines, "become invisible") < position(lines, "bind the root")


def test_everything_is_mounted_and_covered_before_the_root_changes(bundles: ModuleType) -> None:
    lines = steps(bundles.make_bundle())
    order = ("mount proc", "make the devices", "make read-only", "hide", "make it the root", "become user")
    places = [position(lines, start) for start in order]
    assert places == sorted(places)


@pytest.mark.parametrize(("forbidden", "first", "second"), [
    (True, "execute", "filter"), (False, "keep the capabilities", "filter"),
])  # fmt: skip
def test_the_filter_comes_last_or_before_capabilities_go(
    bundles: ModuleType, forbidden: bool, first: str, second: str
) -> None:
    bundle = bundles.make_bundle(process__noNewPrivileges=forbidden, linux__seccomp=bundles.FILTER)
    lines = steps(bundle, seccomp=b"\0" * 8)
    assert position(lines, second) == position(lines, first) - 1


def test_a_filter_that_is_not_compiled_yet_is_described(bundles: ModuleType) -> None:
    assert "child: filter system calls" in steps(bundles.make_bundle(linux__seccomp=bundles.FILTER))


def test_a_user_namespace_has_its_sources_opened_before_the_child_becomes_its_root(bundles: ModuleType) -> None:
    bundle = bundles.with_user_namespace(bundles.make_bundle())
    bundle["mounts"].append({"destination": "/x", "type": "bind", "source": "/srv", "options": ["bind"]})
    lines = steps(bundle)
    assert position(lines, "open 1 sources") < position(lines, "become the user namespace's root")
    assert position(lines, "become the user namespace's root") < position(lines, "mount proc")
    assert lines[1] == "parent: map users: 0-65535 are 200000-265535"


def test_limits_are_the_parents_business_only_with_a_user_namespace(bundles: ModuleType) -> None:
    limits = [{"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]
    plain = bundles.make_bundle(process__rlimits=limits)
    assert "child: limit core=0:0" in steps(plain)
    assert "parent: limit core=0:0" in steps(bundles.with_user_namespace(plain))


@pytest.mark.parametrize(("pivot", "move", "start"), [
    ("present", "present", "make it the root with pivot_root"),
    ("unknown", "present", "make it the root with pivot_root"),
    ("absent", "present", "make it the root by moving"),
    ("denied", "present", "make it the root by moving"),
])  # fmt: skip
def test_the_root_is_moved_where_it_cannot_be_pivoted(bundles: ModuleType, pivot: str, move: str, start: str) -> None:
    host = report(mount__pivot_root=pivot, mount__move=move)
    assert position(steps(bundles.make_bundle(), host), start)


def test_a_bound_dev_is_left_as_it_is(bundles: ModuleType) -> None:
    bundle = bundles.make_bundle()
    bundle["mounts"] = [{"destination": "/dev", "type": "bind", "source": "/dev", "options": ["rbind"]}]
    assert not [line for line in steps(bundle) if "/dev/null" in line or "/dev/fd" in line]


def test_mounts_have_the_label_that_selinux_can_give_them(bundles: ModuleType) -> None:
    label = "system_u:object_r:container_file_t:s0:c1,c2"
    made = plan(bundles.make_bundle(linux__mountLabel=label), report(lsm__selinux="present"))
    data = {step.destination: step.options.data for step in made.steps if isinstance(step, MountFilesystem)}
    assert data["/dev/shm"] == f'mode=1777,size=67108864,context="{label}"'
    assert [place for place, options in data.items() if label in options] == ["/dev", "/dev/pts", "/dev/shm"]


def test_without_selinux_a_label_for_mounts_is_refused(bundles: ModuleType) -> None:
    with pytest.raises(UnsupportedConfiguration, match=r"config\.json: linux\.mountLabel: "):
        plan(bundles.make_bundle(linux__mountLabel="a:b:c:s0"), report(lsm__selinux="absent"))


# ------------------------------------------------------------------------------------------------------- refusals

REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"ociVersion": "2.0.0"}, "ociVersion"),
    ({"process__args": []}, "process.args"),
    ({"process__cwd": "relative"}, "process.cwd"),
    ({"process__env": ["A=1", 5]}, "process.env"),
    ({"process__user": {"uid": "root"}}, "process.user.uid"),
    ({"process__capabilities": {"effective": ["CAP_NONESUCH"]}}, "process.capabilities.effective"),
    ({"process__capabilities": {"effective": ["CAP_CHOWN"]}}, "process.capabilities.effective"),
    ({"process__capabilities": {"ambient": ["CAP_CHOWN"]}}, "process.capabilities.ambient"),
    ({"process__rlimits": [{"type": "RLIMIT_NONE", "soft": 0, "hard": 0}]}, "process.rlimits[0].type"),
    ({"process__rlimits": [{"type": "RLIMIT_CPU", "soft": 0, "hard": 0}] * 2}, "process.rlimits[1].type"),
    ({"process__execCPUAffinity": {"initial": "zero"}}, "process.execCPUAffinity.initial"),
    ({"linux__memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0-"}}, "linux.memoryPolicy.nodes"),
    ({"process__scheduler": {"policy": "SCHED_NONE"}}, "process.scheduler.policy"),
    ({"process__ioPriority": {"class": "IOPRIO_CLASS_NONE", "priority": 0}}, "process.ioPriority.class"),
    ({"linux__namespaces": []}, "linux.namespaces"),
    ({"linux__namespaces": [{"type": "mount"}, {"type": "mount"}]}, "linux.namespaces[1].type"),
    ({"linux__namespaces": [{"type": "moon"}]}, "linux.namespaces[0].type"),
    ({"linux__namespaces": [{"type": "mount", "path": "proc/1/ns/mnt"}]}, "linux.namespaces[0].path"),
    ({"linux__namespaces": [{"type": "mount"}]}, "hostname"),
    ({"linux__sysctl": {"vm.swappiness": "1"}}, "linux.sysctl.vm.swappiness"),
    ({"linux__sysctl": {"kernel.core_pattern": "|x"}}, "linux.sysctl.kernel.core_pattern"),
    ({"linux__sysctl": {"net/../kernel/core_pattern": "|x"}}, "linux.sysctl.net/../kernel/core_pattern"),
    ({"linux__rootfsPropagation": "sideways"}, "linux.rootfsPropagation"),
    ({"linux__maskedPaths": ["/proc/kcore", "proc/keys"]}, "linux.maskedPaths[1]"),
    ({"linux__readonlyPaths": ["sys"]}, "linux.readonlyPaths[0]"),
    ({"linux__personality": {"domain": "SOLARIS"}}, "linux.personality.domain"),
    ({"linux__timeOffsets": {"boottime": {"secs": 1}}}, "linux.timeOffsets"),
    ({"linux__devices": [{"path": "/dev/x", "type": "q"}]}, "linux.devices[0].type"),
    ({"linux__devices": [{"path": "/dev/../x", "type": "c", "major": 1, "minor": 1}]}, "linux.devices[0].path"),
    ({"linux__intelRdt": {"closID": ".."}}, "linux.intelRdt.closID"),
    ({"mounts": [{"destination": "/", "type": "tmpfs"}]}, "mounts[0].destination"),
    ({"mounts": [{"destination": "/a/../..", "type": "tmpfs"}]}, "mounts[0].destination"),
    ({"mounts": [{"destination": "/a"}]}, "mounts[0].type"),
    ({"mounts": [{"destination": "/a", "type": "bind", "source": "x"}]}, "mounts[0].source"),
    ({"mounts": [{"destination": "/a", "type": "bind", "source": "/x", "options": ["size=1"]}]}, "mounts[0].options"),
    ({"mounts": [{"destination": "/a", "type": "bind", "source": "/x", "options": ["idmap"]}]}, "mounts[0]"),
    ({"mounts": [{"destination": "/a", "type": "proc", "options": ["tmpcopyup"]}]}, "mounts[0].options"),
    ({"hooks": {"preamble": []}}, "hooks.preamble"),
    ({"hooks": {"prestart": [{"path": "relative"}]}}, "hooks.prestart[0].path"),
    ({"hooks": {"prestart": [{"path": "/x", "timeout": 0}]}}, "hooks.prestart[0].timeout"),
]


@pytest.mark.parametrize(("overrides", "path"), REFUSALS, ids=[f"{path}-{n}" for n, (_, path) in enumerate(REFUSALS)])
def test_what_cannot_be_done_is_refused_by_its_path(bundles: ModuleType, overrides: dict[str, Any], path: str) -> None:
    with pytest.raises(UnsupportedConfiguration) as caught:
        plan(bundles.make_bundle(**overrides))
    assert str(caught.value).startswith(f"config.json: {path}: ")


@pytest.mark.parametrize(("capability", "overrides"), [
    ("namespace__net", {}),
    ("process__no_new_privs", {}),
    ("mount__mqueue", {}),
    ("seccomp__filter", {"linux__seccomp": {"defaultAction": "SCMP_ACT_ALLOW"}}),
    ("lsm__apparmor", {"process__apparmorProfile": "x"}),
    ("lsm__selinux", {"process__selinuxLabel": "x"}),
    ("mount__setattr", {"mounts": [{"destination": "/a", "source": "/a", "options": ["rbind", "rro"]}]}),
])  # fmt: skip
@pytest.mark.parametrize("state", ["absent", "denied"])
def test_what_the_host_cannot_do_is_refused_with_its_reason(
    bundles: ModuleType, capability: str, overrides: dict[str, Any], state: str
) -> None:
    bundle = bundles.make_bundle(**overrides)
    with pytest.raises(UnsupportedConfiguration, match="cannot be had on this host: so"):
        plan(bundle, report(**{capability: state}))
    plan(bundle, report(**{capability: "unknown"}))  # is tried
