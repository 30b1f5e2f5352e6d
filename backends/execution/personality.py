"""linux.personality, of a container's first process and of all later ones. Pure."""

from __future__ import annotations

from backends.execution.configuration import refuse, section, text
from backends.execution.steps.restriction import SetPersonality
from backends.execution.steps.step import Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DOMAINS = {"LINUX": 0x0000, "LINUX32": 0x0008}


def step_of(linux: dict[str, Any]) -> Step:
    """UnsupportedConfiguration"""
    personality = section(linux, "personality", "linux.personality")
    domain = text(personality, "domain", "linux.personality.domain")
    if domain not in _DOMAINS:
        raise refuse("linux.personality.domain", f"{domain!r} is none of {', '.join(_DOMAINS)}")
    if personality.get("flags"):
        raise refuse("linux.personality.flags", "the specification defines none")
    return SetPersonality(_DOMAINS[domain])
