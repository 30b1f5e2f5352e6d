"""Hooks: when each runs, where, and what it is told."""

from __future__ import annotations

import json
import os
from types import ModuleType
from typing import Any

import pytest

pytestmark = pytest.mark.live


def _outside(folder: Any, kind: str, status: int = 0) -> dict[str, Any]:
    script = f"cat > {folder}/{kind}; readlink /proc/self/ns/uts > {folder}/{kind}.uts; echo $A >&2; exit {status}"
    return {"path": "/bin/sh", "args": ["sh", "-c", script], "env": [f"A=said {kind}", f"PATH={os.environ['PATH']}"]}


def test_hooks_outside_are_told_the_state_at_their_time(run: Any, bundles: ModuleType, tmp_path: Any) -> None:
    kinds = ("prestart", "createRuntime", "poststart")
    bundle = bundles.make_bundle("/bin/sleep", "0.3", annotations={"a": "b"})
    bundle["hooks"] = {kind: [_outside(tmp_path, kind)] for kind in kinds}
    result = run(bundle, options={"container": "box1", "folder": str(tmp_path)})
    states = [json.loads((tmp_path / kind).read_text()) for kind in kinds]
    assert [state["status"] for state in states] == ["created", "created", "running"]
    for state in states:
        assert state["pid"] == result.answer["pid"]
        assert (state["id"], state["bundle"], state["annotations"]) == ("box1", str(tmp_path), {"a": "b"})
    for kind in kinds:
        assert (tmp_path / f"{kind}.uts").read_text().strip() == os.readlink("/proc/self/ns/uts")


def test_create_container_runs_in_the_namespaces_but_not_in_the_root(
    run: Any, bundles: ModuleType, tmp_path: Any
) -> None:
    bundle = bundles.make_bundle(hooks={"createContainer": [_outside(tmp_path, "createContainer")]})
    result = run(bundle)
    assert json.loads((tmp_path / "createContainer").read_text())["pid"] == result.answer["pid"]
    assert (tmp_path / "createContainer.uts").read_text().strip() != os.readlink("/proc/self/ns/uts")


def test_start_container_runs_inside_before_the_program(run: Any, bundles: ModuleType) -> None:
    hook = {"path": "/bin/sh", "args": ["sh", "-c", "cat > /tmp/state"], "env": ["PATH=/bin"]}
    result = run(bundles.make_bundle("/bin/cat", "/tmp/state", hooks={"startContainer": [hook]}))
    state = json.loads(result.stdout)
    assert (state["status"], state["pid"]) == ("created", result.answer["pid"])


@pytest.mark.parametrize("kind", ["prestart", "createRuntime", "createContainer", "startContainer"])
def test_a_hook_that_fails_stops_the_container(run: Any, bundles: ModuleType, tmp_path: Any, kind: str) -> None:
    hook = {"path": "/bin/sh", "args": ["sh", "-c", "echo why >&2; exit 3"]}
    result = run(bundles.make_bundle(hooks={kind: [hook]}))
    assert result.error == "StepFailed"
    assert "status 3: why" in result.text
    assert not result.answer["children"]


def test_a_hook_that_takes_too_long_is_ended(run: Any, bundles: ModuleType) -> None:
    hook = {"path": "/bin/sleep", "args": ["sleep", "20"], "timeout": 1}
    assert "more than 1 s" in run(bundles.make_bundle(hooks={"prestart": [hook]})).text
