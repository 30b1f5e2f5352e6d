"""The project's own source files, as the tests of this folder look at them."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROOMS = ("arch", "probes", "backends", "runtime")
GENERATED = ("arch/_kernel.py", "arch/tables/")


def python_files(*folders: str) -> list[str]:
    """Paths relative to the repository, sorted."""
    found = []
    for folder in folders:
        for place, folders_below, files in os.walk(os.path.join(ROOT, folder)):
            folders_below[:] = [name for name in folders_below if not name.startswith((".", "__"))]
            found += [os.path.relpath(os.path.join(place, name), ROOT) for name in files if name.endswith(".py")]
    return sorted(found)


def written_by_hand(*folders: str) -> list[str]:
    return [path for path in python_files(*folders) if not path.startswith(GENERATED)]


def text(path: str) -> str:
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def tree(path: str) -> ast.Module:
    return ast.parse(text(path), path)


def functions(module: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(module):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def module_name(path: str) -> str:
    name = path[: -len(".py")].replace("/", ".")
    return name.removesuffix(".__init__")
