"""Imports point one way: runtime -> backends -> probes -> arch."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.house.sources import ROOMS, python_files, tree

OURS = (*ROOMS, "tests", "ci")


def imported(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and name of every import, those inside functions and those for the type checker too."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")


@pytest.mark.parametrize(("room", "visible"), [(room, ROOMS[: at + 1]) for at, room in enumerate(ROOMS)])
def test_a_room_imports_itself_and_those_below(room: str, visible: tuple[str, ...]) -> None:
    wrong = []
    for path in python_files(room):
        for line, name in imported(tree(path)):
            top = name.partition(".")[0]
            if name.startswith(".") or (top in OURS and top not in visible):
                wrong.append(f"{path}:{line} imports {name}")
    assert wrong == []


def test_only_the_door_calls_the_kernel() -> None:
    wrong = []
    for path in python_files(*ROOMS):
        names = {name.partition(".")[0] for _, name in imported(tree(path))}
        if names & {"ctypes", "_ctypes", "cffi", "_cffi_backend"} and not path.startswith("arch/"):
            wrong.append(path)
    # The monitor's starter looks where the one module of cffi lies, to leave `site` out.
    assert wrong in ([], ["runtime/containers/launch.py"])
