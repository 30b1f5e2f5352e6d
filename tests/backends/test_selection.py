"""Selection over hand-made reports: pure, so every order and every refusal is tried here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.catalogue import CATALOGUE, FAMILIES, Entry, members
from backends.errors import NoUsableBackend
from backends.guarantees import DEFAULT_DEMANDS, GUARANTEES, Demands, Promise
from backends.guarantees import FAMILIES as OWNED
from backends.requirements import Requirement
from backends.selection import consider, consider_all, judge, select, select_all
from probes.capability import CATALOGUE as CAPABILITIES
from probes.finding import ABSENT, DENIED, KERNEL_CONFIG, LSM, PRESENT, PRIVILEGE, Finding
from probes.report import HostReport


def host(*absent: str, findings: list[Finding] | None = None) -> HostReport:
    """A host whose root can do everything but `absent`, and what `findings` say otherwise."""
    answers = {name: Finding(name, PRESENT) for name in CAPABILITIES}
    for name in ("privilege.unreal", "storage.owners"):
        answers[name] = Finding(name, ABSENT, "we are the host's root")
    for name in absent:
        answers[name] = Finding(
            name, ABSENT, f"the trial of {name} failed.", remedy=f"enable {name}", blocker=KERNEL_CONFIG
        )
    answers.update({finding.capability: finding for finding in findings or ()})
    return HostReport({}, {}, {}, list(answers.values()), privileged=True)


def test_the_first_of_the_catalogue_is_chosen_where_everything_works() -> None:
    chosen = {family: selection.chosen for family, selection in select_all(host()).items()}
    assert chosen == {"execution": "namespaces", "storage": "overlay", "cgroups": "hybrid", "network": "none"}


def test_a_backend_forced_by_name_is_chosen_though_another_comes_first() -> None:
    selection = select("storage", host(), Demands(forced={"storage": "copy"}))
    assert (selection.chosen, selection.because) == ("copy", "it was asked for by name")


def test_a_forced_backend_that_fails_is_an_error_though_another_would_work() -> None:
    with pytest.raises(NoUsableBackend) as caught:
        select("storage", host("storage.overlay"), Demands(forced={"storage": "overlay"}))
    assert "overlay cannot be used, and no other is tried: it was asked for by name" in str(caught.value)
    assert "copy: works here, but only overlay may be used" in str(caught.value)
    assert caught.value.hint == "enable storage.overlay"


def test_a_forced_name_that_does_not_exist_lists_those_that_do() -> None:
    with pytest.raises(NoUsableBackend, match=r"no storage backend 'zfs'.*there are: overlay, .*, copy"):
        select("storage", host(), Demands(forced={"storage": "zfs"}))


def test_images_on_disk_fix_the_storage_backend() -> None:
    assert select("storage", host(), in_use="copy").chosen == "copy"


def test_images_on_disk_never_vanish_behind_another_backend() -> None:
    with pytest.raises(NoUsableBackend, match="images are kept by it on this disk"):
        select("storage", host("storage.whiteout"), in_use="overlay")


def test_a_name_given_by_the_user_outranks_the_images_on_disk() -> None:
    assert select("storage", host(), Demands(forced={"storage": "overlay"}), in_use="copy").chosen == "overlay"


def test_a_host_without_overlay_copies_and_says_what_is_given_up() -> None:
    lacking = ("overlay", "overlay.legacy", "overlay.userxattr", "aufs", "btrfs", "devicemapper")
    selection = select("storage", host("program.fuse-overlayfs", *(f"storage.{name}" for name in lacking)))
    assert selection.chosen == "copy"
    assert selection.because.startswith("the first that works here; before it: overlay, aufs, ")
    assert [line.partition(" ")[0] for line in selection.given_up] == ["cheap-start", "layers"]


def test_a_reason_names_the_need_its_purpose_the_cause_and_who_blocks_it() -> None:
    verdict = judge(members("storage")[0], host("storage.overlay"), Demands())
    assert verdict.reasons == (
        "needs overlay in the store to stack a container on its image: "
        "the trial of storage.overlay failed (blocked by: kernel config)",
    )
    assert verdict.unlocked_by == ("enable storage.overlay",)


def test_a_requirement_is_met_by_any_one_of_its_capabilities() -> None:
    assert select("execution", host("mount.pivot_root")).chosen == "namespaces"
    with pytest.raises(NoUsableBackend, match=r"pivot_root\(2\) or moving a mount over the root"):
        select("execution", host("mount.pivot_root", "mount.move"))


def test_a_demanded_guarantee_that_the_host_cannot_give_is_refused_with_its_reason() -> None:
    with pytest.raises(NoUsableBackend, match=r"does not give seccomp .*trial of seccomp.filter failed"):
        select("execution", host("seccomp.filter"))


def test_a_guarantee_given_up_by_name_is_no_longer_asked_for() -> None:
    assert select("execution", host("seccomp.filter"), DEFAULT_DEMANDS.without(["seccomp"])).chosen == "namespaces"


def test_a_guarantee_preferred_by_name_is_given_up_visibly() -> None:
    selection = select("execution", host("seccomp.filter"), DEFAULT_DEMANDS.with_preferred(["seccomp"]))
    assert "trial of seccomp.filter failed" in selection.given_up[0]


def test_a_host_without_cgroups_refuses_default_containers_for_their_device_rules() -> None:
    with pytest.raises(NoUsableBackend, match=r"absent: does not give device-access .*: we are the host's root"):
        select("cgroups", host("cgroup.writable"))


def test_an_ordinary_user_needs_no_cgroups_for_device_rules() -> None:
    ordinary = [Finding("privilege.unreal", PRESENT)]
    assert select("cgroups", host("cgroup.writable", findings=ordinary)).chosen == "absent"


def test_an_ordinary_user_takes_overlay_with_marks_of_his_own() -> None:
    noting = [Finding("storage.owners", PRESENT)]
    lacking = host("privilege.sys_admin", "storage.xattr.trusted", "storage.chown", "storage.btrfs", "storage.aufs",
                   "storage.devicemapper", findings=noting)  # fmt: skip
    chosen = {family: selection.chosen for family, selection in select_all(lacking).items()}
    assert (chosen["execution"], chosen["storage"]) == ("namespaces", "overlay-user")


def test_a_host_without_cgroups_runs_what_needs_no_limits() -> None:
    selection = select("cgroups", host("cgroup.writable"), DEFAULT_DEMANDS.without(["device-access"]))
    assert selection.chosen == "absent"
    assert selection.given_up == ("pause (the container can be frozen): this backend never does",)


@pytest.mark.parametrize(
    ("absent", "chosen"),
    [(("cgroup.v1",), "v2"), (("cgroup.v2",), "v1"), ((), "hybrid")],
)
def test_the_cgroup_backend_follows_the_hierarchies_that_are_mounted(absent: tuple[str, ...], chosen: str) -> None:
    assert select("cgroups", host(*absent)).chosen == chosen


def test_what_one_cause_prevents_is_told_in_one_sentence() -> None:
    names = ("privilege.sys_admin", "namespace.user.nested", "namespace.mount", "namespace.pid")
    denied = [Finding(name, DENIED, "only root may", blocker=PRIVILEGE) for name in names]
    verdict = judge(members("execution")[0], host(findings=denied), DEFAULT_DEMANDS)
    assert verdict.reasons == (
        "needs CAP_SYS_ADMIN or mounts inside user namespaces to make namespaces and mounts, mount namespaces to keep "
        "a container's mounts to itself: only root may (blocked by: privilege)",
    )


def test_guarantees_missing_for_one_cause_are_told_in_one_sentence() -> None:
    verdict = judge(members("execution")[0], host("namespace.pid"), DEFAULT_DEMANDS)
    assert len(verdict.reasons) == 1
    assert "does not give kill-all (no process outlives the container), pid-namespace (" in verdict.reasons[0]


def test_a_refusal_names_the_flags_that_give_up_least() -> None:
    with pytest.raises(NoUsableBackend) as caught:
        select_all(host("seccomp.filter", "cgroup.writable"))
    assert caught.value.hint.endswith("run without these promises: --prefer seccomp,device-access")


def test_a_refusal_names_no_flags_where_giving_up_would_not_help() -> None:
    with pytest.raises(NoUsableBackend) as caught:
        select_all(host("seccomp.filter", "privilege.sys_admin", "namespace.user.nested", "program.proot"))
    assert "run without" not in caught.value.hint


def test_unknown_is_neither_yes_nor_called_no() -> None:
    report = HostReport({}, {}, {}, [])
    selection = consider("storage", report, Demands())
    assert selection.chosen == ""
    assert "the host's report does not answer" not in selection.because
    assert all("report does not answer it" in reason for reason in selection.verdicts[0].reasons)


def test_a_denial_is_told_with_its_blocker() -> None:
    denied = Finding("mount.bind", DENIED, "mount(MS_BIND): EACCES", blocker=LSM)
    selection = consider("execution", host(findings=[denied]))
    assert "mount(MS_BIND): EACCES (blocked by: lsm)" in selection.verdicts[0].reasons[0]


def test_all_families_that_fail_are_told_at_once() -> None:
    with pytest.raises(NoUsableBackend) as caught:
        select_all(host("seccomp.filter", "cgroup.writable"))
    assert [selection.family for selection in caught.value.selections] == ["execution", "cgroups"]


def test_considering_never_raises() -> None:
    selections = consider_all(HostReport({}, {}, {}, []))
    assert set(selections) == set(FAMILIES)
    assert selections["execution"].chosen == ""


def test_a_usable_backend_that_is_passed_over_says_for_whom() -> None:
    assert select("storage", host()).verdicts[1].reasons == ("works here; overlay is preferred",)


A = Entry("storage", "a", "", "m", "A", promises=(Promise("layers", Requirement("to stack", "storage.overlay")),))
B = Entry("storage", "b", "", "m", "B", promises=(Promise("layers", inherent=True), Promise("cheap-start")))


def test_of_two_that_do_the_one_that_gives_more_of_what_is_preferred_wins() -> None:
    selection = select("storage", host(), Demands(prefer=frozenset(["layers", "cheap-start"])), (A, B))
    assert (selection.chosen, selection.because) == ("b", "it gives more of what is preferred than those before it")


def test_of_equals_the_first_wins() -> None:
    assert select("storage", host(), Demands(prefer=frozenset(["layers"])), (A, B)).chosen == "a"


def test_a_backend_that_cannot_refrain_from_what_is_forbidden_is_excluded() -> None:
    selection = consider("storage", host(), Demands(forbid=frozenset(["layers"])), (B, A))
    assert selection.chosen == "a"
    assert selection.verdicts[0].reasons == ("always gives layers, which is forbidden here",)


@given(
    absent=st.sets(st.sampled_from(sorted(CAPABILITIES)), max_size=12),
    wish=st.sets(st.sampled_from(sorted(GUARANTEES))),
)
def test_what_is_chosen_gives_all_that_is_required_and_what_is_refused_has_reasons(
    absent: set[str], wish: set[str]
) -> None:
    demands = Demands(require=frozenset(wish))
    for family, selection in consider_all(host(*absent), demands).items():
        for verdict in selection.verdicts:
            assert verdict.usable or verdict.reasons
        if selection.chosen:
            chosen = next(verdict for verdict in selection.verdicts if verdict.backend == selection.chosen)
            assert chosen.usable
            assert demands.require & OWNED[family] <= chosen.guarantees
        else:
            assert not any(verdict.usable for verdict in selection.verdicts)


@given(absent=st.sets(st.sampled_from(sorted(CAPABILITIES)), max_size=12))
def test_every_preference_is_either_given_or_listed_as_given_up(absent: set[str]) -> None:
    demands = Demands(prefer=frozenset(GUARANTEES))
    for family, selection in consider_all(host(*absent), demands).items():
        if selection.chosen:
            chosen = next(verdict for verdict in selection.verdicts if verdict.backend == selection.chosen)
            listed = {line.partition(" ")[0] for line in selection.given_up}
            assert listed == OWNED[family] - chosen.guarantees


def test_every_name_in_the_catalogue_is_one_that_exists() -> None:
    for entry in CATALOGUE:
        needed = [*entry.requirements, *(need for promise in entry.promises for need in promise.requirements)]
        assert {name for need in needed for name in need.capabilities} <= set(CAPABILITIES), entry.name
        assert {promise.guarantee for promise in entry.promises} <= OWNED[entry.family], entry.name


def test_every_guarantee_is_answered_for_by_exactly_one_family() -> None:
    names = [name for owned in OWNED.values() for name in owned]
    assert sorted(names) == sorted(GUARANTEES)


def test_a_backend_that_broke_when_it_was_tried_is_passed_over_with_its_reason() -> None:
    report = host("lxc.tools")
    report.health = {"execution/namespaces": "cannot clone: Operation not permitted", "execution/chroot": ""}
    selection = select("execution", report, DEFAULT_DEMANDS.with_preferred(["pid-namespace"]))
    assert selection.chosen == "chroot"
    assert "cannot clone: Operation not permitted" in selection.verdicts[0].reasons[0]


def test_a_backend_that_broke_is_not_the_last_resort_either() -> None:
    report = host("lxc.tools")
    report.health = {"execution/namespaces": "it broke"}
    with pytest.raises(NoUsableBackend, match="it broke") as caught:
        select("execution", report)
    assert "chroot: does not give pid-namespace" in str(caught.value)


def test_the_lxc_tools_are_next_where_our_own_way_broke() -> None:
    report = host()
    report.health = {"execution/namespaces": "it broke", "execution/lxc": ""}
    assert select("execution", report).chosen == "lxc"


def test_health_is_kept_with_the_report() -> None:
    report = host()
    report.health = {"execution/namespaces": "it broke"}
    assert HostReport.from_dict(report.as_dict()).health == report.health


def test_a_promise_that_rests_on_cgroups_is_not_given_where_they_are_left_out() -> None:
    demands = DEFAULT_DEMANDS.with_preferred(["pid-namespace"]).with_forced("execution", "chroot")
    assert select("execution", host(), demands).chosen == "chroot"
    with pytest.raises(NoUsableBackend, match="chroot: does not give kill-all"):
        select("execution", host(), demands.with_forced("cgroups", "absent"))
