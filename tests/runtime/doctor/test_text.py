from __future__ import annotations

import os
import re

import pytest

from backends.selection import consider_all
from probes.capability import CATALOGUE
from runtime.doctor.diagnosis import diagnose
from runtime.doctor.text import listed, render
from tests.hosts import expected

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def _render(name: str, width: int = 100, colour: bool = False, verbose: bool = False) -> str:
    report = expected.report(name)
    return render(diagnose(report, consider_all(report)), width, colour, verbose)


@pytest.mark.parametrize("name", expected.NAMES)
def test_the_text_is_as_it_was_looked_at(name: str) -> None:
    with open(os.path.join(expected.TEXTS, f"{name}.txt"), encoding="utf-8") as file:
        assert _render(name) == file.read(), "if that is right, run tests/hosts/expected.py"


@pytest.mark.parametrize("name", expected.NAMES)
def test_colour_changes_nothing_but_colours(name: str) -> None:
    coloured = _render(name, colour=True)
    assert coloured != _render(name)
    assert COLOUR.sub("", coloured) == _render(name)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_lines_fit_the_terminal_but_for_what_is_to_be_copied(width: int) -> None:
    for name in expected.NAMES:
        report = expected.report(name)
        commands = {line.strip() for finding in report.findings for line in finding.remedy.splitlines()}
        for line in _render(name, width).splitlines():
            copied = any(command and command in line for command in commands) or "runtime run" in line
            unbreakable = max((len(word) for word in line.split()), default=0) > width - 30
            assert len(line) <= width or copied or unbreakable, line


@pytest.mark.parametrize("name", expected.NAMES)
def test_the_long_form_names_every_capability_and_all_evidence(name: str) -> None:
    text = " ".join(_render(name, width=1000, verbose=True).split())
    for capability in CATALOGUE.values():
        assert capability.title in text
    for finding in expected.report(name).findings:
        for line in (*finding.evidence, *finding.remedy.splitlines()):
            assert " ".join(line.split()) in text


def test_the_verdict_comes_in_the_first_lines() -> None:
    assert "UNUSABLE" in "".join(_render("rhel-6").splitlines()[:3])
    assert "HEALTHY" in "".join(_render("fedora-40").splitlines()[:3])


def test_plain_terminals_can_show_it() -> None:
    for name in expected.NAMES:
        assert _render(name, verbose=True).isascii()


def test_names_that_differ_in_one_word_are_joined() -> None:
    assert listed(["the program a", "the program b"]) == "the programs a, b"
    assert listed(["running arm programs", "running s390x programs"]) == "running arm, s390x programs"
    assert listed(["the program a"]) == "the program a"
    assert listed(["the program a", "aufs"]) == "the program a, aufs"
