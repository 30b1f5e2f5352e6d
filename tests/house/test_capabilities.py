from __future__ import annotations

import re

from backends.catalogue import CATALOGUE as BACKENDS
from ci.capabilities import PAGE, page
from probes.capability import CATALOGUE


def test_the_page_of_capabilities_is_what_its_generator_writes() -> None:
    with open(PAGE) as file:
        assert file.read() == page(), "run python3 ci/capabilities.py"


def test_backends_need_only_capabilities_that_the_catalogue_knows() -> None:
    named = {
        name
        for entry in BACKENDS
        for requirement in (*entry.requirements, *(need for promise in entry.promises for need in promise.requirements))
        for name in requirement.capabilities
    }
    assert named <= set(CATALOGUE)


def test_every_capability_says_what_it_is_and_what_it_is_for() -> None:
    assert [name for name, one in CATALOGUE.items() if not one.title or not one.matters or "|" in one.title] == []
    assert all(re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_.-]+)+", name) for name in CATALOGUE)
