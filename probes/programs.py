"""Helper programs: installed or not, and what installs them."""

from __future__ import annotations

from probes.capability import CATALOGUE
from probes.finding import ABSENT, PRESENT, PROGRAM, Finding
from probes.inquiry import Inquiry
from probes.judgement import found

NAMES = tuple(name[len("program.") :] for name in CATALOGUE if name.startswith("program."))


def findings(inquiry: Inquiry) -> list[Finding]:
    answers = []
    for name in NAMES:
        path = inquiry.program(name)
        if path:
            answers.append(Finding(f"program.{name}", PRESENT, path, value=path))
        else:
            answers.append(found(f"program.{name}", ABSENT, "it is not installed", inquiry.circumstances, (), PROGRAM))
    return answers
