"""cgroups: which hierarchies are there, which controllers are in them, whether we may make a cgroup of our own."""

from __future__ import annotations

from probes import hierarchies
from probes.capability import CATALOGUE
from probes.finding import ABSENT, DENIED, KERNEL_AGE, KERNEL_CONFIG, NOBODY, PRESENT, PRIVILEGE, UNKNOWN, Finding
from probes.hierarchies import Hierarchies
from probes.host import Outcome
from probes.inquiry import Circumstances, Inquiry
from probes.judgement import context, found, judge
from probes.origins import origin
from probes.remedies import remedy

V1 = tuple(name[len("cgroup.v1.") :] for name in CATALOGUE if name.startswith("cgroup.v1."))
V2_FILES = {"kill": "cgroup.kill", "freeze": "cgroup.freeze"}
V2 = tuple(name[len("cgroup.v2.") :] for name in CATALOGUE if name.startswith("cgroup.v2.")
           and name[len("cgroup.v2.") :] not in (*V2_FILES, "devices"))  # fmt: skip


def findings(inquiry: Inquiry) -> list[Finding]:
    here = hierarchies.of(inquiry.host)
    places = dict.fromkeys(place for place in (*here.v1.values(), here.v2_place) if place)
    made = {place: inquiry.attempt("cgroup.create", place) for place in places}
    v2 = made.get(here.v2_place)
    return [
        _version(inquiry, "cgroup.v1", bool(here.v1), f"controllers: {', '.join(here.v1)}", here),
        _version(inquiry, "cgroup.v2", bool(here.v2_mount), f"mounted at {here.v2_mount}", here),
        _writable(inquiry, here, made),
        *(_v1(inquiry, here, name, made) for name in V1),
        *_v2_controllers(inquiry, here, v2),
        *(_file(inquiry, f"cgroup.v2.{name}", v2, (file,)) for name, file in V2_FILES.items()),
        _devices(inquiry, here, v2),
        *_features(inquiry, here, made),
    ]


def _version(inquiry: Inquiry, name: str, there: bool, reason: str, here: Hierarchies) -> Finding:
    if there:
        return Finding(name, PRESENT, reason, (f"the host's style is {here.style}",), value=here.style)
    circumstances = inquiry.circumstances
    evidence = (f"the host's style is {here.style}", *context(name, False, circumstances))
    reason, blocker = _nowhere(name, here, circumstances)
    answer = found(name, ABSENT, reason, circumstances, evidence, blocker, here.style)
    if here.style == "none" and not blocker:
        answer.remedy = remedy("cgroup.writable", blocker, circumstances)
    return answer


def _nowhere(name: str, here: Hierarchies, circumstances: Circumstances) -> tuple[str, str]:
    """Why no hierarchy of that version is mounted."""
    if circumstances.older_than(origin(name).since):
        return (
            f"{circumstances.kernel} is older than {'.'.join(map(str, origin(name).since))}, where this came",
            KERNEL_AGE,
        )
    if here.style != "none":
        return f"this host uses {here.style} alone", NOBODY
    if any(here.enabled.values()):
        return "the kernel has it, and nobody has mounted it", NOBODY
    return "no such hierarchy is mounted", KERNEL_CONFIG


def _writable(inquiry: Inquiry, here: Hierarchies, made: dict[str, Outcome]) -> Finding:
    name, circumstances = "cgroup.writable", inquiry.circumstances
    if not made:
        reason, blocker = _nowhere("cgroup.v1", here, circumstances)
        return found(name, ABSENT, reason, circumstances, (), blocker)
    good = [place for place, outcome in made.items() if outcome.ok]
    evidence = tuple(
        f"mkdir in {place}: {'it works' if outcome.ok else outcome.errno or outcome.detail}"
        for place, outcome in made.items()
    )
    if good:
        some = "in every hierarchy" if len(good) == len(made) else f"in {len(good)} of {len(made)} hierarchies"
        return Finding(name, PRESENT, some, evidence)
    first = judge(name, next(iter(made.values())), circumstances)
    return found(
        name, DENIED, "we may make a cgroup in no hierarchy", circumstances, evidence, first.blocker or PRIVILEGE
    )


def _v1(inquiry: Inquiry, here: Hierarchies, controller: str, made: dict[str, Outcome]) -> Finding:
    name, circumstances = f"cgroup.v1.{controller}", inquiry.circumstances
    place = here.v1.get(controller)
    if place is None:
        return _unmounted(name, controller, here, circumstances)
    outcome = made[place]
    if outcome.ok:
        return Finding(name, PRESENT, f"in {place}", context(name, True, circumstances))
    return judge(name, outcome, circumstances)


def _unmounted(name: str, controller: str, here: Hierarchies, circumstances: Circumstances) -> Finding:
    """Off, elsewhere, or not in this kernel."""
    if controller == "systemd":
        return found(name, ABSENT, "no systemd has mounted it", circumstances)
    evidence = context(name, False, circumstances)
    if here.style == "v2":
        return found(name, ABSENT, "this host uses v2 alone", circumstances, evidence)
    if controller not in here.enabled:
        blocker = KERNEL_AGE if circumstances.older_than(origin(name).since) else KERNEL_CONFIG
        line = "/proc/cgroups does not list it"
        return found(name, ABSENT, "this kernel does not have it", circumstances, (line, *evidence), blocker)
    if not here.enabled[controller]:
        line = f"/proc/cgroups: {controller} is disabled"
        return found(name, ABSENT, "switched off at boot", circumstances, (line, *evidence), KERNEL_CONFIG)
    reason = "the kernel has it, and no v1 hierarchy of it is mounted"
    answer = found(name, ABSENT, reason, circumstances, (f"/proc/cgroups: {controller} is enabled",))
    if here.style == "none":
        answer.remedy = remedy("cgroup.writable", NOBODY, circumstances)
    return answer


def _v2_controllers(inquiry: Inquiry, here: Hierarchies, outcome: Outcome | None) -> list[Finding]:
    """A controller counts when our own cgroup may hand it down."""
    circumstances = inquiry.circumstances
    offered = inquiry.read(f"{here.v2_place}/cgroup.controllers").split() if here.v2_place else []
    answers = []
    for controller in V2:
        name = f"cgroup.v2.{controller}"
        evidence: tuple[str, ...] = ()
        if here.v2_place:
            evidence = (f"{here.v2_place}/cgroup.controllers: {' '.join(offered)}",)
        if controller in offered and outcome is not None:
            if outcome.ok:
                answers.append(Finding(name, PRESENT, f"in {here.v2_place}", evidence))
            else:
                answers.append(judge(name, outcome, circumstances))
            continue
        reason, blocker = _not_offered(name, controller, here, circumstances)
        evidence += context(name, False, circumstances)
        answers.append(found(name, ABSENT, reason, circumstances, evidence, blocker))
    return answers


def _not_offered(name: str, controller: str, here: Hierarchies, circumstances: Circumstances) -> tuple[str, str]:
    if circumstances.older_than(origin(name).since):
        return (
            f"{circumstances.kernel} is older than {'.'.join(map(str, origin(name).since))}, where this came",
            KERNEL_AGE,
        )
    if not here.v2_mount:
        return "no cgroup v2 hierarchy is mounted", ""
    v1_name = {"io": "blkio"}.get(controller, controller)
    if v1_name in here.v1:
        return "v1 has it on this host", ""
    if here.enabled.get(v1_name):
        return "it was not delegated to our cgroup", PRIVILEGE if circumstances.euid else ""
    return "this kernel does not have it, or it was switched off at boot", KERNEL_CONFIG


def _file(inquiry: Inquiry, name: str, outcome: Outcome | None, files: tuple[str, ...]) -> Finding:
    """Whether a new cgroup has one of the files."""
    circumstances = inquiry.circumstances
    if outcome is None:
        return found(name, ABSENT, "no cgroup v2 hierarchy is mounted", circumstances)
    if not outcome.ok:
        return judge(name, outcome, circumstances)
    for file in files:
        if file in outcome.detail.split():
            return Finding(name, PRESENT, f"a new cgroup has {file}", context(name, True, circumstances), value=file)
    reason = f"a new cgroup has no {' or '.join(files)}"
    blocker = KERNEL_AGE if circumstances.older_than(origin(name).since) else KERNEL_CONFIG
    return found(name, ABSENT, reason, circumstances, context(name, False, circumstances), blocker)


def _devices(inquiry: Inquiry, here: Hierarchies, outcome: Outcome | None) -> Finding:
    name, circumstances = "cgroup.v2.devices", inquiry.circumstances
    if outcome is None:
        return found(name, ABSENT, "no cgroup v2 hierarchy is mounted", circumstances)
    if not outcome.ok:
        return judge(name, outcome, circumstances)
    return judge(name, inquiry.attempt("cgroup.devices", here.v2_place), circumstances)


def _features(inquiry: Inquiry, here: Hierarchies, made: dict[str, Outcome]) -> list[Finding]:
    """Files in the cgroup that has the controller, be it v1's or v2's."""
    questions = (
        ("cgroup.swap", "memory", ("memory.memsw.limit_in_bytes", "memory.swap.max")),
        ("cgroup.cfs", "cpu", ("cpu.cfs_quota_us", "cpu.max")),
    )
    answers = []
    for name, controller, files in questions:
        place = here.v1.get(controller, here.v2_place)
        outcome = made.get(place)
        if outcome is None:
            answers.append(found(name, ABSENT, f"no hierarchy with {controller} is mounted", inquiry.circumstances))
        elif controller not in here.v1 and outcome.ok and not any(file in outcome.detail.split() for file in files):
            answers.append(_undelegated(inquiry, here, name, controller, files[1]))
        else:
            answers.append(_file(inquiry, name, outcome, files))
    return answers


def _undelegated(inquiry: Inquiry, here: Hierarchies, name: str, controller: str, file: str) -> Finding:
    """On v2 a new cgroup has a controller's files only once its parent's subtree_control names it."""
    offered = inquiry.read(f"{here.v2_place}/cgroup.controllers").split()
    if controller not in offered:
        return found(name, ABSENT, f"our cgroup is not given {controller}", inquiry.circumstances, (), PRIVILEGE)
    if controller in inquiry.read(f"{here.v2_place}/cgroup.subtree_control").split():
        reason = f"a new cgroup has no {file}"
        return found(name, ABSENT, reason, inquiry.circumstances, (), KERNEL_CONFIG)
    if name == "cgroup.cfs" or not inquiry.circumstances.older_than((5, 8)):
        reason = f"{controller} is offered, and {file} comes with it"
        return Finding(name, PRESENT, reason, (f"{here.v2_place}/cgroup.controllers: {' '.join(offered)}",), value=file)
    return found(name, UNKNOWN, f"{controller} is not handed down yet, so {file} cannot be seen", inquiry.circumstances)
