"""Hooks of all kinds, in their order, with the state that the specification has them told."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.oci.conftest import Oci

pytestmark = pytest.mark.live


def hooks(log: Path, *kinds: str, inside: str = "") -> dict[str, list[dict[str, Any]]]:
    """Each writes its kind and the status it is told, as one line of JSON."""
    script = f'read state; printf \'["%s",%s]\\n\' "$0" "$state" >>{inside or log}'
    return {kind: [{"path": "/bin/sh", "args": ["sh", "-c", script, kind]}] for kind in kinds}


def entries(log: Path) -> list[tuple[str, dict[str, Any]]]:
    return [(kind, state) for kind, state in map(json.loads, log.read_text().splitlines())]


def test_hooks_run_in_their_order_with_the_state_of_the_time(oci: Oci, tmp_path: Path) -> None:
    log = tmp_path / "log"
    kinds = ("prestart", "createRuntime", "createContainer", "poststart", "poststop")
    wanted = {**hooks(log, *kinds), **hooks(log, "startContainer", inside="/log")}
    bundle = oci.bundle("sleep", "1000", hooks=wanted, annotations={"k": "v"})
    oci("create", "-b", bundle, oci.name)
    pid = oci.state()["pid"]
    oci("start", oci.name)
    inside = entries(Path(oci.rootfs, "log"))
    oci("delete", "--force", oci.name)
    found = entries(log)
    assert [kind for kind, _ in found] == list(kinds)
    assert [state["status"] for _, state in found] == ["created", "created", "created", "running", "stopped"]
    assert [(kind, state["status"]) for kind, state in inside] == [("startContainer", "created")]
    assert {state["pid"] for kind, state in found if kind in ("prestart", "createRuntime", "poststart")} == {pid}
    for _, state in found:
        assert (state["id"], state["bundle"], state["annotations"]) == (oci.name, bundle, {"k": "v"})


def test_a_hook_that_fails_before_the_start_fails_the_creation_and_leaves_nothing(oci: Oci) -> None:
    bundle = oci.bundle("true", hooks={"createRuntime": [{"path": "/bin/false"}]})
    assert "error running createRuntime hook #0: /bin/false" in oci("create", "-b", bundle, oci.name, status=1).stderr
    assert os.listdir(oci.root) == []


def test_a_hook_that_fails_after_the_start_stops_the_container(oci: Oci) -> None:
    oci("create", "-b", oci.bundle("sleep", "1000", hooks={"poststart": [{"path": "/bin/false"}]}), oci.name)
    assert "error running poststart hook #0: /bin/false" in oci("start", oci.name, status=1).stderr
    assert oci.state()["status"] == "stopped"


def test_a_poststop_hook_that_fails_is_told_and_the_others_run(oci: Oci, tmp_path: Path) -> None:
    log = tmp_path / "log"
    failing = [{"path": "/bin/false"}, *hooks(log, "poststop")["poststop"]]
    done = oci.run("true", hooks={"poststop": failing})
    assert "level=warning" in done.stderr
    assert [kind for kind, _ in entries(log)] == ["poststop"]


def test_hooks_outside_run_in_the_bundle_with_our_environment(oci: Oci, tmp_path: Path) -> None:
    script = 'echo "$PWD $FROM_US" > "$0"; exec cat > /dev/null'
    hook = {"path": "/bin/sh", "args": ["sh", "-c", script, str(tmp_path / "said")]}
    bundle = oci.bundle("true", hooks={"createRuntime": [hook]})
    oci("run", "-b", bundle, oci.name, env={**os.environ, "FROM_US": "yes"})
    assert (tmp_path / "said").read_text() == f"{bundle} yes\n"


def test_a_hook_before_the_root_is_entered_stands_in_it(oci: Oci) -> None:
    hook = {"path": "/bin/sh", "args": ["sh", "-c", "cat > ./made"]}
    assert oci.run("cat /made", hooks={"createContainer": [hook]}).stdout


def test_a_hook_inside_has_the_programs_environment_where_it_names_none(oci: Oci) -> None:
    named = {"path": "/bin/sh", "args": ["sh", "-c", "echo named $A > /named"], "env": []}
    unnamed = {"path": "/bin/sh", "args": ["sh", "-c", "echo unnamed $A $HOME > /unnamed"]}
    done = oci.run("cat /named /unnamed", process__env=["A=1", "PATH=/bin"], hooks={"startContainer": [named, unnamed]})
    assert done.stdout == "named\nunnamed 1 /root\n"
