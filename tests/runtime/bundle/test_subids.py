from __future__ import annotations

from pathlib import Path

import pytest

from runtime.bundle.subids import ranges, subordinate
from runtime.bundle.surroundings import IdRange
from runtime.containers.request import Request


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("root:100000:65536\n", (IdRange(0, 100000, 65536),)),
        ("someone:1:2\n0:300:10\n", (IdRange(0, 300, 10),)),
        ("containers:500:5\n", (IdRange(0, 500, 5),)),
        ("containers:500:5\nroot:7:8\n", (IdRange(0, 7, 8),)),
        ("root:x:5\nroot:1\n# root:1:2\n", ()),
        ("", ()),
    ],
)
def test_the_first_range_of_this_user_or_of_containers_is_taken(
    text: str, found: tuple[IdRange, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    (tmp_path / "subuid").write_text(text)
    assert subordinate(str(tmp_path / "subuid")) == found


def test_a_host_without_such_a_file_sets_no_ids_aside(tmp_path: Path) -> None:
    assert subordinate(str(tmp_path / "none")) == ()


@pytest.mark.parametrize("said", ["", "host"])
def test_nobody_needs_ids_without_a_user_namespace(said: str) -> None:
    assert ranges(Request(image="x", userns=said)) == ((), ())
