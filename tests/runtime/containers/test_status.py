from __future__ import annotations

import os

import pytest

from runtime import records
from runtime.containers import record as containers
from runtime.containers import state, status
from runtime.errors import WrongState
from runtime.paths import Paths

ID = "ab" * 32


@pytest.fixture
def record(paths: Paths) -> containers.Record:
    os.mkdir(paths.container(ID))
    made = {"id": ID, "name": "web", "phase": containers.CREATED, "created": ""}
    containers.store(paths, made)
    return made


def live(pid: int, started: int) -> dict[str, object]:
    return {"pid": pid, "start_time": started, "cgroups": "absent", "cgroup": {}, "started": 1.0}


def test_a_new_container_is_created(paths: Paths, record: containers.Record) -> None:
    assert status.observe(paths, record).name == status.NEVER_STARTED


def test_an_ended_one_is_exited_and_knows_its_code(paths: Paths, record: containers.Record) -> None:
    records.store(paths.exit(ID), {"code": 3, "started": "x", "finished": "y"}, state.SCHEMA)
    seen = status.observe(paths, record)
    assert (seen.name, seen.exit["code"]) == (status.EXITED, 3)


def test_one_runs_when_its_lock_is_held_and_its_process_lives(paths: Paths, record: containers.Record) -> None:
    os.mkdir(paths.run(ID))
    state.write(paths, ID, live(os.getpid(), state.start_time(os.getpid())))
    with state.lock(paths, ID):
        seen = status.observe(paths, record)
    assert (seen.name, seen.pid) == (status.RUNNING, os.getpid())


def test_a_pid_that_another_process_got_is_not_the_containers(paths: Paths, record: containers.Record) -> None:
    os.mkdir(paths.run(ID))
    state.write(paths, ID, live(os.getpid(), state.start_time(os.getpid()) - 1))
    with state.lock(paths, ID):
        assert status.observe(paths, record).name == status.RESTARTING


def test_state_that_nobody_holds_the_lock_for_is_an_interruption(paths: Paths, record: containers.Record) -> None:
    os.mkdir(paths.run(ID))
    state.write(paths, ID, live(os.getpid(), state.start_time(os.getpid())))
    assert status.observe(paths, record).name == status.INTERRUPTED


def test_a_reboot_is_an_interruption_too(paths: Paths, record: containers.Record) -> None:
    with open(paths.marker(ID), "w"):
        pass
    assert status.observe(paths, record).name == status.INTERRUPTED


def test_a_creation_that_nobody_is_at_work_on_was_interrupted(paths: Paths, record: containers.Record) -> None:
    record["phase"] = containers.CREATING
    assert status.observe(paths, record).name == status.INTERRUPTED
    with state.lock(paths, ID):
        assert status.observe(paths, record).name == status.CREATING_NOW


def test_a_zombie_does_not_live() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert state.start_time(child) == 0
    os.waitpid(child, 0)


def test_an_illegal_change_of_phase_is_refused(paths: Paths, record: containers.Record) -> None:
    record["phase"] = containers.REMOVING
    with pytest.raises(WrongState, match="cannot become created"):
        containers.advance(paths, record, containers.CREATED)
