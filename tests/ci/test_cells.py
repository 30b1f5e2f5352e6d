from __future__ import annotations

import sys
from pathlib import Path

import pytest

from arch import names
from backends import catalogue
from backends.guarantees import FAMILIES, GUARANTEES
from ci import cells, kernels, machine, matrix

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="python: reads TOML since 3.11")


def test_every_expectation_names_backends_and_promises_that_there_are() -> None:
    for name, expected in cells.read().expected.items():
        assert set(expected.selected) <= set(FAMILIES), name
        for family, backend in expected.selected.items():
            assert not backend or catalogue.find(family, backend), name
        assert set(expected.missing) <= set(GUARANTEES), name


def test_every_cell_has_a_name_of_its_own() -> None:
    found = [cell.name for cell in cells.read().cells]
    assert len(set(found)) == len(found)


def test_every_machine_is_one_of_ours_and_in_a_cell() -> None:
    known = cells.read()
    assert {names.by_name(name).name for name in known.machines} == set(known.machines)
    assert {cell.machine for cell in known.cells} == {*known.machines, cells.MODE_LINUX}


def test_every_kernel_that_is_built_is_in_a_cell() -> None:
    known = cells.read()
    assert {cell.kernel for cell in known.cells if cell.machine == cells.MODE_LINUX} == {*known.kernels, cells.PACKAGED}


def test_words_choose_a_cell_a_row_or_all() -> None:
    known = cells.read()
    assert {cell.machine for cell in matrix.chosen(known, ["arm64"])} == {"arm64"}
    assert [cell.name for cell in matrix.chosen(known, ["x86_64", "trixie"])] == ["x86_64 trixie v2 root"]
    assert matrix.chosen(known, ["all"]) == list(known.cells)
    assert matrix.chosen(known, ["x86_6"]) == []


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ('{ machine = "vax", kernel = "bookworm", expect = "x" }', "no such machine"),
        ('{ machine = "m", kernel = "potato", expect = "x" }', "no such kernel: 'potato'"),
        ('{ machine = "m", kernel = "s", expect = "y" }', "no such expectation: 'y'"),
        ('{ machine = "m", kernel = "s", expect = "x", cgroups = "v3" }', "no such cgroup layout: 'v3'"),
        ('{ machine = "m", kernel = "s", expect = "x", kernle = "s" }', "kernle"),
        ("{ machine = }", "Invalid value"),
    ],
)
def test_a_line_that_is_wrong_is_told_by_what_is_wrong(tmp_path: Path, line: str, wrong: str) -> None:
    file = tmp_path / "matrix.toml"
    known = 'options = "", kernel = "k", console = "c", emulator = "e", suites = ["s"]'
    rest = f"[kernels]\n[tests]\n[expected.x]\nselected = {{}}\n[machines]\nm = {{ {known} }}\n"
    file.write_text(f"cells = [{line}]\n{rest}")
    with pytest.raises(cells.Unreadable, match=wrong):
        cells.read(str(file))


def test_a_kernel_is_configured_with_all_but_what_it_is_without() -> None:
    wanted = kernels.configuration("no-seccomp").splitlines()
    assert "CONFIG_SECCOMP=n" in wanted
    assert "CONFIG_OVERLAY_FS=y" in wanted
    # kconfig gives namespaces to whoever is no expert.
    assert "CONFIG_EXPERT=y" in kernels.configuration("no-namespaces").splitlines()


def test_an_option_that_kconfig_did_not_take_is_told() -> None:
    everything = kernels.configuration("full")
    assert kernels.contradictions("full", everything) == []
    assert kernels.contradictions("full", everything.replace("CONFIG_MCONSOLE=y\n", "")) == ["MCONSOLE"]
    assert kernels.contradictions("no-overlay", everything) == ["OVERLAY_FS"]


def test_a_guest_is_set_up_as_its_setting_says() -> None:
    cell = next(cell for cell in cells.read().cells if cell.machine == "x86_64" and cell.user)
    setting = cells.Cell(
        "x86_64", "bookworm", "x", sysctls=("user.max_user_namespaces=0",), without=("overlay",)
    ).setting
    lines = machine.second_program(setting, ["true"]).splitlines()
    assert "echo 0 >/proc/sys/user/max_user_namespaces || true" in lines
    (loaded,) = [line for line in lines if line.startswith("modprobe")]
    assert "overlay" not in loaded.split()
    assert any("--reuid=1000" in line for line in machine.commanded(["true"], cell.setting))
