from __future__ import annotations

from backends import catalogue
from ci import backends
from ci.backends import BROKEN, REFUSED, RUNS, Cell, Result
from probes.report import HostReport

NOTHING = HostReport({}, {}, {}, [])


def test_there_is_a_cell_for_every_combination_of_the_catalogue() -> None:
    sizes = [len(catalogue.members(family)) for family in ("execution", "storage", "cgroups")]
    assert len(list(backends.cells(NOTHING))) == sizes[0] * sizes[1] * sizes[2]
    assert len(list(backends.cells(NOTHING, ("copy",)))) == sizes[0] * sizes[2]
    assert len(list(backends.cells(NOTHING, ("copy", "chroot", "v1")))) == 1


def test_what_a_cell_does_not_keep_is_given_up_by_name() -> None:
    (cell,) = backends.cells(NOTHING, ("chroot", "copy", "absent"))
    assert "pid-namespace" in cell.lost
    assert "device-access" in cell.lost
    assert cell.flags[-2:] == ["--prefer", ",".join(cell.lost)]


def test_a_host_that_lacks_what_a_backend_needs_refuses_its_cells() -> None:
    (cell,) = backends.cells(NOTHING, ("namespaces", "overlay", "v2"))
    reason = backends.refusal(cell, NOTHING)
    assert reason.startswith("namespaces: needs ")
    assert "; overlay: needs " in reason


def test_a_reason_is_told_once_for_all_the_cells_that_it_refuses() -> None:
    results = [
        (Cell("one", "a", "v1", ()), Result(RUNS)),
        (Cell("one", "b", "v1", ()), Result(REFUSED, "no b")),
        (Cell("two", "a", "v1", ("seccomp",)), Result(RUNS)),
        (Cell("two", "b", "v1", ()), Result(REFUSED, "no b")),
        (Cell("two", "c", "v1", ()), Result(BROKEN, "why")),
    ]
    assert backends.table(results)[2:] == [
        "| one | a | v1 | runs |",
        "| any of them | b | v1 | refused: no b |",
        "| two | a | v1 | runs without seccomp |",
        "| two | c | v1 | broken: why |",
    ]
