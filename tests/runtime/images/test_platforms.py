from __future__ import annotations

import pytest

from runtime.errors import InvalidInput, NotFound
from runtime.images import platforms
from runtime.images.platforms import Platform


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("amd64", "linux/amd64"),
        ("linux/amd64", "linux/amd64"),
        ("linux/x86_64", "linux/amd64"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"),
        ("aarch64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/arm64/8", "linux/arm64"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/arm/6", "linux/arm/v6"),
        ("armhf", "linux/arm/v7"),
        ("LINUX/ARM64", "linux/arm64"),
        ("i686", "linux/386"),
        ("ppc64el", "linux/ppc64le"),
        ("mips64le", "linux/mips64le"),
    ],
)
def test_the_many_names_of_a_platform_become_one(typed: str, normal: str) -> None:
    assert str(platforms.parse(typed)) == normal


@pytest.mark.parametrize(
    "typed", ["", "/", "linux/", "linux/amd64/v1/x", "linux//v7", "windows/amd64", "a b", "lin ux/x"]
)
def test_what_is_no_platform_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput):
        platforms.parse(typed)


def options(*texts: str) -> list[tuple[str, Platform]]:
    return [(text, platforms.parse(text)) for text in texts]


@pytest.mark.parametrize(
    ("machine", "offered", "chosen"),
    [
        ("linux/amd64", ["linux/arm64", "linux/amd64", "linux/386"], "linux/amd64"),
        ("linux/amd64", ["linux/amd64/v3", "linux/386"], "linux/386"),
        ("linux/amd64/v3", ["linux/amd64", "linux/amd64/v2", "linux/amd64/v4"], "linux/amd64/v2"),
        ("linux/arm/v7", ["linux/arm/v5", "linux/arm/v6", "linux/arm64"], "linux/arm/v6"),
        ("linux/arm/v6", ["linux/arm/v7", "linux/arm/v5"], "linux/arm/v5"),
        ("linux/arm64", ["linux/arm/v7", "linux/arm64/v8"], "linux/arm64/v8"),
        ("linux/arm64", ["linux/arm/v6", "linux/arm/v7"], "linux/arm/v7"),
        ("linux/ppc64le", ["linux/amd64", "linux/ppc64le"], "linux/ppc64le"),
    ],
)
def test_the_best_of_what_runs_is_chosen(machine: str, offered: list[str], chosen: str) -> None:
    assert platforms.choose(options(*offered), platforms.parse(machine)) == chosen


@pytest.mark.parametrize(
    ("machine", "offered"),
    [
        ("linux/arm/v6", ["linux/arm/v7"]),
        ("linux/386", ["linux/amd64"]),
        ("linux/amd64", ["linux/amd64/v2"]),
        ("linux/ppc64le", ["linux/amd64", "linux/arm64"]),
    ],
)
def test_what_does_not_run_is_never_chosen_and_the_offer_is_told(machine: str, offered: list[str]) -> None:
    with pytest.raises(NotFound, match=offered[0]):
        platforms.choose(options(*offered), platforms.parse(machine))


def test_this_machine_has_a_platform() -> None:
    assert platforms.host().os == "linux"
    assert platforms.host().architecture
