"""Below the command lines nobody prints, nobody ends the process, and nothing is written by hand that is generated."""

from __future__ import annotations

import ast

from ci import binding
from tests.house.sources import ROOMS, python_files, text, tree, written_by_hand

# Who talks to people and to the shell.
FRONTS = ("runtime/cli/", "runtime/oci/", "runtime/api/")


def calls(path: str) -> list[tuple[int, str]]:
    found = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            found.append((node.lineno, ast.unparse(node.func)))
        elif isinstance(node, ast.Raise) and node.exc is not None and "SystemExit" in ast.unparse(node.exc):
            found.append((node.lineno, "SystemExit"))
    return found


def test_nobody_prints_or_exits_below_the_command_lines() -> None:
    wrong = []
    for path in python_files(*ROOMS):
        if not path.startswith(FRONTS):
            wrong += [
                f"{path}:{line} {name}" for line, name in calls(path) if name in ("print", "sys.exit", "SystemExit")
            ]
    assert wrong == []


def test_annotations_are_never_evaluated() -> None:
    lacking = [
        path
        for path in written_by_hand(*ROOMS, "ci", "tests")
        if text(path).strip() and "from __future__ import annotations" not in text(path)
    ]
    assert lacking == []


def test_the_binding_is_what_its_generator_writes() -> None:
    assert ast.dump(tree("arch/_kernel.py")) == ast.dump(ast.parse(binding.generate()))
