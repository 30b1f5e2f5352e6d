from __future__ import annotations

import os

import pytest

from runtime.containers import names, state, sweeping
from runtime.errors import NameTaken
from runtime.paths import Paths

GHOST = "a" * 64


def test_a_name_of_a_container_that_never_was_can_be_had(paths: Paths) -> None:
    sweeping.reserve(paths, "web", GHOST)
    sweeping.reserve(paths, "web", "b" * 64)
    assert names.holder(paths, "web") == "b" * 64


def test_a_name_whose_container_is_in_the_making_is_taken(paths: Paths) -> None:
    lock = state.lock(paths, GHOST)
    assert lock.acquire(wait=False)
    sweeping.reserve(paths, "web", GHOST)
    with pytest.raises(NameTaken):
        sweeping.reserve(paths, "web", "b" * 64)
    lock.release()


def test_what_has_no_record_is_swept_and_told(paths: Paths) -> None:
    sweeping.reserve(paths, "web", GHOST)
    os.makedirs(paths.container("b" * 64))
    os.makedirs(paths.run("c" * 64) + "/rootfs")
    with state.lock(paths, "d" * 64):
        pass
    told = sweeping.sweep(paths)
    assert [line.split()[1] for line in told] == ["aaaaaaaaaaaa:", "bbbbbbbbbbbb:", "cccccccccccc:", "dddddddddddd:"]
    assert os.listdir(paths.names) == os.listdir(paths.containers) == []
    assert not os.path.exists(paths.run("c" * 64))
    assert not os.path.exists(state.lock(paths, "d" * 64).path)
    assert sweeping.sweep(paths) == []


def test_what_is_being_made_is_left(paths: Paths) -> None:
    os.makedirs(paths.container(GHOST))
    lock = state.lock(paths, GHOST)
    assert lock.acquire(wait=False)
    assert sweeping.sweep(paths) == []
    assert os.path.isdir(paths.container(GHOST))
    lock.release()
