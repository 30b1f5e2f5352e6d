from __future__ import annotations

import contextlib
import os

import pytest

from runtime.containers import names, state
from runtime.errors import InvalidInput, NameTaken
from runtime.paths import Paths


def test_a_reserved_name_leads_to_its_container(paths: Paths) -> None:
    names.reserve(paths, "web", "a" * 64)
    assert names.holder(paths, "web") == "a" * 64


def test_a_name_can_be_reserved_once(paths: Paths) -> None:
    with state.lock(paths, "a" * 64):
        names.reserve(paths, "web", "a" * 64)
        with pytest.raises(NameTaken, match="taken by container aaaaaaaaaaaa"):
            names.reserve(paths, "web", "b" * 64)


def test_only_the_holder_releases_a_name(paths: Paths) -> None:
    names.reserve(paths, "web", "a" * 64)
    names.release(paths, "web", "b" * 64)
    assert names.holder(paths, "web") == "a" * 64
    names.release(paths, "web", "a" * 64)
    assert names.holder(paths, "web") == ""


@pytest.mark.parametrize("name", ["", "x", "-a", ".a", "../etc", "a/b", "a b", "ä1", "a" * 201, "a\0b"])
def test_names_that_docker_refuses_are_refused(paths: Paths, name: str) -> None:
    with pytest.raises(InvalidInput, match="invalid container name"):
        names.reserve(paths, name, "a" * 64)


def test_invented_names_are_all_different(paths: Paths) -> None:
    with contextlib.ExitStack() as makers:
        for number in range(200):
            makers.enter_context(state.lock(paths, f"{number:064x}"))
            names.invent(paths, f"{number:064x}")
        assert len(os.listdir(paths.names)) == 200


def test_a_name_that_cannot_be_one_has_no_holder(paths: Paths) -> None:
    assert names.holder(paths, "x" * 300) == ""
