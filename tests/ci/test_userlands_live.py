"""The oldest Python that is here on the oldest releases, the newest on the newest; what lies between is run by hand."""

from __future__ import annotations

import pytest

from ci import userlands

FOUND = userlands.programs()
# What decides without touching the host, and what compiles a container: a few seconds of each.
TESTS = ["tests/runtime/bundle", "tests/runtime/test_records.py", "tests/backends/test_selection.py"]


@pytest.mark.live
@pytest.mark.parametrize(("number", "choice"), [(0, "oldest"), (-1, "newest")])
def test_the_units_hold_on_another_python_and_other_releases(number: int, choice: str) -> None:
    if not FOUND:
        pytest.skip(f"none of the interpreters python{', python'.join(userlands.VERSIONS)} is here")
    version = sorted(FOUND, key=userlands.VERSIONS.index)[number]
    status, row = userlands.run(userlands.Userland(version, FOUND[version], choice), TESTS, jobs=0)
    assert status == 0, row
