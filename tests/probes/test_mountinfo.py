from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from probes import mountinfo

LINE = "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue\n"


def test_a_line_of_the_manual_page_is_understood() -> None:
    (mount,) = mountinfo.parse(LINE)
    assert (mount.identity, mount.root, mount.point, mount.kind, mount.source) == (
        36,
        "/mnt1",
        "/mnt2",
        "ext3",
        "/dev/root",
    )
    assert mount.options == ("rw", "noatime")
    assert mount.super_options == ("rw", "errors=continue")


def test_a_line_cut_off_is_left_out() -> None:
    assert mountinfo.parse(LINE + "36 35 98:0 /mnt1 /mn") == mountinfo.parse(LINE)


def test_blanks_in_names_come_back() -> None:
    (mount,) = mountinfo.parse(LINE.replace("/mnt2", r"/with\040blank\134040"))
    assert mount.point == r"/with blank\040"


def _escaped(name: str) -> str:
    return "".join(f"\\{ord(character):03o}" if character in " \t\n\\" else character for character in name)


@given(st.text(st.sampled_from("ab \\\t\n0147é")))
def test_what_the_kernel_escapes_is_unescaped(name: str) -> None:
    assert mountinfo.unescape(_escaped(name)) == name


@given(st.text())
def test_no_text_is_an_error(text: str) -> None:
    mountinfo.parse(text)
