"""Files of one subject and functions of one thought: the limits at which somebody has to think again."""

from __future__ import annotations

import statistics

from tests.house.sources import ROOMS, functions, text, tree, written_by_hand

LONGEST_FILE = 450
MEDIAN_FILE = 150
LONGEST_FUNCTION = 60  # lines, decorators and docstring left out
# Places into which everything drains.
FORBIDDEN_NAMES = {"utils.py", "util.py", "helpers.py", "helper.py", "common.py", "misc.py", "shared.py", "core.py"}


def test_no_file_grows_beyond_its_subject() -> None:
    lengths = {path: len(text(path).splitlines()) for path in written_by_hand(*ROOMS, "ci", "tests")}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_the_ordinary_file_is_short() -> None:
    lengths = [len(text(path).splitlines()) for path in written_by_hand(*ROOMS) if text(path).strip()]
    assert statistics.median(lengths) <= MEDIAN_FILE


def test_no_function_does_everything() -> None:
    long = {}
    for path in written_by_hand(*ROOMS, "ci", "tests"):
        for function in functions(tree(path)):
            lines = (function.end_lineno or function.lineno) - function.lineno + 1
            if lines >= LONGEST_FUNCTION:
                long[f"{path}:{function.lineno} {function.name}"] = lines
    assert long == {}


def test_files_are_named_by_their_subject() -> None:
    assert [path for path in written_by_hand(*ROOMS, "ci", "tests") if path.rsplit("/", 1)[-1] in FORBIDDEN_NAMES] == []
