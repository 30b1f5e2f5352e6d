from __future__ import annotations

from probes import cgroups
from probes.finding import Finding
from probes.host import Outcome
from probes.inquiry import Circumstances, Inquiry
from tests.hosts.model import ROOT_MOUNT, Constructed, refused, v1, v2

ROOT = Circumstances(effective=-1, numbers=(6, 1), family="debian")


def _found(host: Constructed, circumstances: Circumstances = ROOT) -> dict[str, Finding]:
    return {finding.capability: finding for finding in cgroups.findings(Inquiry(host, circumstances))}


def test_a_mounted_controller_counts_only_if_we_may_make_a_cgroup_in_it() -> None:
    files = v1(("memory", "cpu"))
    trials = {"cgroup.create /sys/fs/cgroup/cpu": refused("EROFS", "mkdir(cgroup)")}
    found = _found(Constructed("", "6.1.0", files=files, trials=trials))
    assert found["cgroup.v1.memory"].present
    assert (found["cgroup.v1.cpu"].state, found["cgroup.v1.cpu"].blocker) == ("denied", "file system")
    assert found["cgroup.writable"].reason == "in 1 of 2 hierarchies"


def test_a_controller_switched_off_at_boot_comes_with_what_switches_it_on() -> None:
    found = _found(Constructed("", "6.1.0", files=v1(("cpu",), off=("memory",))))["cgroup.v1.memory"]
    assert found.reason == "switched off at boot"
    assert "cgroup_enable=memory" in found.remedy


def test_on_v2_alone_nobody_blocks_v1() -> None:
    found = _found(Constructed("", "6.1.0", files=v2("cpu memory pids")))
    assert (found["cgroup.v1"].state, found["cgroup.v1"].blocker, found["cgroup.v1"].value) == ("absent", "", "v2")
    assert found["cgroup.v1.freezer"].remedy == ""
    assert found["cgroup.v2.memory"].present
    assert not found["cgroup.v2.io"].present


def test_a_user_whose_cgroup_was_given_less_is_told_so() -> None:
    files = {**v2("memory pids", "/user.slice"), "/proc/cgroups": "cpu\t0\t1\t1\n"}
    circumstances = Circumstances(euid=1000, numbers=(6, 1))
    found = _found(Constructed("", "6.1.0", euid=1000, files=files), circumstances)["cgroup.v2.cpu"]
    assert (found.reason, found.blocker) == ("it was not delegated to our cgroup", "privilege")


def test_swap_is_seen_by_the_file_of_a_new_cgroup() -> None:
    files = v1(("memory",))
    without = Constructed("", "6.1.0", files=files, trials={"cgroup.create": Outcome(True, detail="tasks")})
    assert not _found(without)["cgroup.swap"].present
    with_it = Outcome(True, detail="tasks memory.memsw.limit_in_bytes")
    assert _found(Constructed("", "6.1.0", files=files, trials={"cgroup.create": with_it}))["cgroup.swap"].present


def test_where_nobody_mounts_cgroups_the_remedy_is_to_mount_them() -> None:
    files = {"/proc/self/mountinfo": ROOT_MOUNT, "/proc/cgroups": "memory\t0\t1\t1\n"}
    found = _found(Constructed("", "3.2.0", files=files))
    for name in ("cgroup.v1", "cgroup.writable", "cgroup.v1.memory"):
        assert found[name].remedy == "apt-get install cgroupfs-mount"


def test_a_hierarchy_is_tried_once_however_many_controllers_it_has() -> None:
    asked: list[str] = []

    class Counting(Constructed):
        def attempt(self, trial: object) -> Outcome:
            asked.append(getattr(trial, "key", ""))
            return super().attempt(trial)  # type: ignore[arg-type]

    _found(Counting("", "6.1.0", files=v1(("cpu,cpuacct", "memory"))))
    assert asked == ["cgroup.create /sys/fs/cgroup/cpu,cpuacct", "cgroup.create /sys/fs/cgroup/memory"]
