"""Guarantees required, preferred and forbidden, in containers that run."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.live.conftest import Runtime


def test_what_is_preferred_and_not_given_is_said_recorded_and_shown(runtime: Runtime) -> None:
    flags = ("--backend", "cgroups=absent", "--prefer", "device-access,memory-limit", "--memory", "64m")
    done = runtime("run", "-d", "--network", "none", *flags, "@host", "true")
    assert done.stderr.count("Notice: memory-limit (memory can be limited): this backend never does") == 1
    shown = json.loads(runtime("inspect", done.stdout.strip()).stdout)[0]["Runtime"]["Isolation"]
    row = next(row for row in shown if row["guarantee"] == "memory-limit")
    assert row == {
        "guarantee": "memory-limit",
        "asked": "prefer",
        "by": "--prefer",
        "given": False,
        "why": "this backend never does",
    }


def test_what_is_required_and_not_given_is_refused_with_the_flag_that_gives_it_up(runtime: Runtime) -> None:
    told = runtime.refused(
        "run", "--rm", "--network", "none", "--backend", "cgroups=absent", "-m", "64m", "@host", "true"
    )
    assert "memory-limit (memory can be limited)" in told
    assert "--prefer device-access,memory-limit" in told


def test_what_is_forbidden_is_left_out(runtime: Runtime) -> None:
    said = runtime.said("--forbid", "pid-namespace", "--prefer", "kill-all", "@host", "readlink", "/proc/self/ns/pid")
    assert said.strip() == os.readlink("/proc/self/ns/pid")


def test_what_is_required_by_name_is_done_without_another_flag(runtime: Runtime) -> None:
    said = runtime.said("--require", "no-new-privileges,read-only-root", "@host", "sh", "-c",
                        "grep NoNewPrivs /proc/self/status; touch /x 2>&1 || true")  # fmt: skip
    assert "NoNewPrivs:\t1" in said
    assert "Read-only file system" in said


def test_a_settings_file_speaks_for_every_container(
    runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"isolation": {"require": ["no-new-privileges"]}}')
    monkeypatch.setenv("RUNTIME_CONFIG", str(path))
    assert "NoNewPrivs:\t1" in runtime.said("@host", "grep", "NoNewPrivs", "/proc/self/status")
    explained = runtime("run", "--explain", "--network", "none", "@host", "true").stdout
    assert f"no-new-privileges: required by isolation.require in {path}; given: execution by namespaces" in explained


def test_an_image_asks_for_more_and_never_for_less(runtime: Runtime) -> None:
    name = runtime("create", "--network", "none", "@host", "true").stdout.strip()
    labels = ("org.runtime.isolation.require=no-new-privileges", "org.runtime.isolation.forbid=seccomp")
    changes = [word for label in labels for word in ("--change", f"LABEL {label}")]
    runtime("commit", *changes, name, "asking")
    try:
        done = runtime(
            "run", "--rm", "--network", "none", "asking", "grep", "-E", "NoNewPrivs|Seccomp:", "/proc/self/status"
        )
        assert done.stdout == "NoNewPrivs:\t1\nSeccomp:\t2\n"
        assert "is not heeded: an image cannot make its container weaker" in done.stderr
        told = runtime.refused("run", "--rm", "--forbid", "no-new-privileges", "asking", "true")
        assert "the image's label org.runtime.isolation.require and --forbid contradict each other" in told
    finally:
        runtime("rm", "-f", name)
        runtime("rmi", "asking")


def test_the_doctor_judges_by_the_settings_file(
    runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"isolation": {"prefer": ["pid-namespace"]}, "backends": {"execution": "chroot"}}')
    monkeypatch.setenv("RUNTIME_CONFIG", str(path))
    found = json.loads(runtime("doctor", "--json").stdout)["backends"]["execution"]
    assert (found["chosen"], found["because"]) == ("chroot", "it was asked for by name")
