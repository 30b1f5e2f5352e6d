from __future__ import annotations

from pathlib import Path

import pytest

from runtime.paths import Paths


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    made = Paths(str(tmp_path / "root"), str(tmp_path / "state"))
    made.prepare()
    return made
