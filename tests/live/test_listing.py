"""What `ps`, `inspect`, `images`, `stats`, `top` and the like show."""

from __future__ import annotations

import json

import pytest

from tests.live.conftest import Runtime


@pytest.fixture
def two(runtime: Runtime) -> tuple[str, str]:
    """One that runs, and one that ended with 3."""
    ended = runtime.detached("--name", "ended", "-l", "kind=b", "@host", "sh", "-c", "exit 3")
    runtime("wait", ended)
    return runtime.detached("--name", "runs", "-l", "kind=a", "@host", "sleep", "60"), ended


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        ((), ["runs"]),
        (("-a",), ["runs", "ended"]),
        (("-l",), ["runs"]),
        (("-n", "2"), ["runs", "ended"]),
        (("-a", "--filter", "label=kind=b"), ["ended"]),
        (("--filter", "status=exited"), ["ended"]),
        (("--filter", "exited=3"), ["ended"]),
        (("--filter", "exited=0"), []),
        (("-a", "--filter", "name=run", "--filter", "name=end"), ["runs", "ended"]),
        (("-a", "--filter", "before=runs"), ["ended"]),
        (("-a", "--filter", "ancestor=@host", "--filter", "status=running"), ["runs"]),
    ],
)
def test_containers_are_listed_by_what_is_asked(
    runtime: Runtime, two: tuple[str, str], flags: tuple[str, ...], names: list[str]
) -> None:
    assert runtime("ps", *flags, "--format", "{{.Names}}").stdout.split() == names


def test_identifiers_are_listed_for_scripts(runtime: Runtime, two: tuple[str, str]) -> None:
    assert runtime("ps", "-aq").stdout.split() == [name[:12] for name in two]
    assert runtime("ps", "-aq", "--no-trunc").stdout.split() == list(two)


def test_the_table_has_dockers_titles(runtime: Runtime, two: tuple[str, str]) -> None:
    title, row = runtime("ps").stdout.splitlines()
    assert title.split("  ")[0] == "CONTAINER ID"
    assert row.startswith(two[0][:12])
    assert runtime("ps", "--format", "table {{.Names}}\\t{{.State}}").stdout == "NAMES   STATE\nruns    running\n"


def test_programs_read_json(runtime: Runtime, two: tuple[str, str]) -> None:
    row = json.loads(runtime("ps", "--format", "json").stdout)
    assert (row["ID"], row["Names"], row["State"], row["Labels"]) == (two[0], "runs", "running", "kind=a")


def test_inspect_tells_of_containers_images_and_what_is_not_there(runtime: Runtime, two: tuple[str, str]) -> None:
    done = runtime("inspect", "runs", "@host", "nothing", status=125)
    first, second = json.loads(done.stdout)
    assert (first["Id"], second["RepoTags"]) == (two[0], ["@host"])
    assert "nothing" in done.stderr
    layout = '{{.State.Status}} {{.State.ExitCode}} {{index .Config.Labels "kind"}}'
    assert runtime("inspect", "-f", layout, "ended").stdout == "exited 3 b\n"


def test_a_container_has_another_name_when_it_is_renamed(runtime: Runtime, two: tuple[str, str]) -> None:
    runtime("rename", "runs", "walks")
    assert runtime("ps", "--format", "{{.Names}}").stdout == "walks\n"
    assert "taken" in runtime.refused("rename", "walks", "ended")


def test_processes_and_their_use_are_shown(runtime: Runtime, two: tuple[str, str]) -> None:
    titles, row = runtime("top", "runs").stdout.splitlines()
    assert "PID" in titles
    assert row.endswith("sleep 60")
    used = json.loads(runtime("stats", "--no-stream", "--format", "json").stdout)
    assert (used["Name"], used["PIDs"]) == ("runs", "1")


def test_several_are_removed_and_each_failure_is_told(runtime: Runtime, two: tuple[str, str]) -> None:
    done = runtime("rm", "runs", "ended", "nothing", status=125)
    assert done.stdout == "ended\n"
    assert "is running" in done.stderr
    assert "no container 'nothing'" in done.stderr


def test_pruning_removes_what_does_not_run(runtime: Runtime, two: tuple[str, str]) -> None:
    assert two[1] in runtime("container", "prune", "--force").stdout
    assert runtime.names() == {"runs"}


def test_pruning_asks_and_is_not_answered(runtime: Runtime, two: tuple[str, str]) -> None:
    assert "--force" in runtime.refused("container", "prune")
    assert runtime.names() == {"runs", "ended"}


def test_an_explanation_does_nothing(runtime: Runtime) -> None:
    told = runtime("run", "--explain", "--network", "none", "@host", "true").stdout
    assert "execution: " in told
    assert "execute true" in told
    assert runtime.names() == set()


@pytest.mark.parametrize("command", ["info", "version"])
def test_the_program_tells_of_itself(runtime: Runtime, command: str) -> None:
    assert json.loads(runtime(command, "--format", "json").stdout)
    assert runtime(command).stdout
