"""Who may say what of a container's isolation, and who wins. Pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.guarantees import DEFAULT_DEMANDS, FORBID, GUARANTEES, PREFER, REQUIRE
from runtime.bundle.demands import policy_for
from runtime.bundle.policy import GIVEN_UP, LABEL, Wish
from runtime.configuration import Configuration
from runtime.containers.request import Request, Resources
from runtime.errors import InvalidInput

FILE = "/etc/runtime/settings.json"


def wish(
    guarantee: str,
    request: Request | None = None,
    settings: dict[str, str] | None = None,
    labels: dict[str, str] | None = None,
) -> Wish:
    policy = policy_for(request or Request(), None, Configuration(FILE, settings), labels)
    return next(found for found in policy.wishes if found.guarantee == guarantee)


def label(strength: str, names: str) -> dict[str, str]:
    return {LABEL + strength: names}


def test_where_nobody_speaks_the_default_does() -> None:
    found = wish("seccomp")
    assert (found.strength, found.source, found.overruled) == (REQUIRE, "the default", ())


def test_the_settings_file_overrules_the_default_and_is_named() -> None:
    found = wish("seccomp", settings={"seccomp": PREFER})
    assert (found.strength, found.source) == (PREFER, f"isolation.prefer in {FILE}")
    assert found.overruled == ("require by the default",)


def test_a_flag_overrules_the_settings_file_and_both_are_told() -> None:
    found = wish("seccomp", Request(forbid=("seccomp",)), {"seccomp": PREFER})
    assert (found.strength, found.source) == (FORBID, "--forbid")
    assert found.overruled == (f"prefer by isolation.prefer in {FILE}", "require by the default")


def test_an_image_may_ask_for_what_nobody_decided() -> None:
    found = wish("user-namespace", labels=label(REQUIRE, "user-namespace, pids-limit"))
    assert (found.strength, found.source) == (REQUIRE, f"the image's label {LABEL}require")


def test_an_image_may_insist_on_what_is_only_preferred_by_default() -> None:
    assert wish("pause", labels=label(REQUIRE, "pause")).strength == REQUIRE


def test_an_image_cannot_make_its_container_weaker() -> None:
    found = wish("seccomp", labels=label(PREFER, "seccomp"))
    assert (found.strength, found.source) == (REQUIRE, "the default")
    assert found.overruled == (f"prefer by the image's label {LABEL}prefer",)


def test_what_an_image_forbids_is_not_heeded_and_said() -> None:
    policy = policy_for(Request(), labels=label(FORBID, "seccomp"))
    assert policy.demands.require == DEFAULT_DEMANDS.require
    assert policy.notices == (
        f"the image's label {LABEL}forbid is not heeded: an image cannot make its container weaker",
    )


def test_a_user_decides_over_an_image_by_name() -> None:
    found = wish("user-namespace", Request(prefer=("user-namespace",)), labels=label(REQUIRE, "user-namespace"))
    assert (found.strength, found.source) == (PREFER, "--prefer")
    assert found.overruled == (f"require by the image's label {LABEL}require",)


def test_what_is_preferred_and_given_up_by_a_flag_is_given_up() -> None:
    found = wish("network-namespace", Request(prefer=("network-namespace",), network="host"))
    assert (found.strength, found.source) == (GIVEN_UP, "--network host")


def test_a_limit_is_required_by_the_flag_that_sets_it() -> None:
    found = wish("cpu-limit", Request(resources=Resources(nano_cpus=1)))
    assert (found.strength, found.source) == (REQUIRE, "--cpus")


def test_a_settings_file_may_make_limits_a_matter_of_what_the_host_can_do() -> None:
    found = wish("memory-limit", Request(resources=Resources(memory=1 << 30)), {"memory-limit": PREFER})
    assert found.strength == PREFER


def test_device_rules_stay_required_of_who_can_make_no_devices_if_somebody_asks() -> None:
    assert wish("device-access", Request(cap_drop=("ALL",), require=("device-access",))).strength == REQUIRE
    assert wish("device-access", Request(cap_drop=("ALL",))).strength == GIVEN_UP


@pytest.mark.parametrize(
    ("request_", "settings", "labels", "one", "other"),
    [
        (Request(require=("seccomp",), privileged=True), {}, {}, "--require", "--privileged"),
        (Request(require=("seccomp",), forbid=("seccomp",)), {}, {}, "--require", "--forbid"),
        (Request(require=("seccomp",), prefer=("seccomp",)), {}, {}, "--require", "--prefer"),
        (Request(network="host"), {"network-namespace": REQUIRE}, {}, FILE, "--network host"),
        (Request(forbid=("memory-limit",), resources=Resources(memory=9 << 20)), {}, {}, "--forbid", "--memory"),
        (Request(forbid=("seccomp",)), {}, label(REQUIRE, "seccomp"), f"label {LABEL}require", "--forbid"),
        (Request(), {"seccomp": FORBID}, label(REQUIRE, "seccomp"), f"label {LABEL}require", FILE),
        (Request(pid="host"), {}, label(REQUIRE, "pid-namespace"), f"label {LABEL}require", "--pid host"),
    ],
)
def test_contradictory_wishes_are_refused_naming_both(
    request_: Request, settings: dict[str, str], labels: dict[str, str], one: str, other: str
) -> None:
    with pytest.raises(InvalidInput, match="contradict") as caught:
        policy_for(request_, None, Configuration(FILE, settings), labels)
    assert one in str(caught.value)
    assert other in str(caught.value)


def test_what_no_container_can_be_without_cannot_be_forbidden() -> None:
    with pytest.raises(InvalidInput, match=r"--forbid: capabilities .* cannot be left out"):
        policy_for(Request(forbid=("capabilities",)))


def test_an_image_that_requires_what_nobody_knows_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no guarantee is called 'world-peace'"):
        policy_for(Request(), labels=label(REQUIRE, "world-peace"))


_NAMES = st.lists(st.sampled_from(sorted(GUARANTEES)), unique=True)


@given(_NAMES, _NAMES, _NAMES)
def test_no_label_ever_takes_a_requirement_away(
    required: list[str], preferred: list[str], forbidden: list[str]
) -> None:
    labels = {LABEL + REQUIRE: ",".join(required), LABEL + PREFER: " ".join(preferred), LABEL + FORBID: str(forbidden)}
    before, after = policy_for(Request()).demands, policy_for(Request(), labels=labels).demands
    assert after.require >= before.require | set(required)
    assert after.require | after.prefer >= before.require | before.prefer
    assert not after.forbid
