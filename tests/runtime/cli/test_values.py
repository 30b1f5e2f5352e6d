from __future__ import annotations

import os

import pytest

from runtime.cli.values import environment, lines_of, pairs, restart_policy, throttles
from runtime.errors import InvalidInput, Problem


@pytest.fixture
def file(tmp_path: os.PathLike[str]) -> str:
    path = f"{tmp_path}/env"
    with open(path, "w") as stream:
        stream.write("\ufeff# comment\n\nA=1\n  B=two words # kept\nFROM_HOST\nABSENT_HERE\n")
    return path


def test_a_file_of_lines_skips_comments_and_blanks(file: str) -> None:
    assert lines_of(file, "--env-file") == ["A=1", "B=two words # kept", "FROM_HOST", "ABSENT_HERE"]


def test_a_lone_key_takes_our_own_value_or_takes_the_images_away(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROM_HOST", "h")
    monkeypatch.delenv("ABSENT_HERE", raising=False)
    assert environment([file], ["A=2"])[2:] == ("FROM_HOST=h", "ABSENT_HERE", "A=2")


@pytest.mark.parametrize("content", ["=x\n", "A B=1\n"])
def test_a_name_that_is_none_is_refused_with_its_line(tmp_path: os.PathLike[str], content: str) -> None:
    path = f"{tmp_path}/env"
    with open(path, "w") as stream:
        stream.write("OK=1\n" + content)
    with pytest.raises(InvalidInput, match="line 2"):
        lines_of(path, "--env-file")


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(Problem, match="/not/there"):
        lines_of("/not/there", "--env-file")


def test_bytes_that_are_no_text_are_refused(tmp_path: os.PathLike[str]) -> None:
    path = f"{tmp_path}/env"
    with open(path, "wb") as stream:
        stream.write(b"A=\xff\n")
    with pytest.raises(InvalidInput, match="UTF-8"):
        lines_of(path, "--env-file")


def test_pairs_may_lack_a_value_but_not_a_key() -> None:
    assert pairs(["a=b=c", "d"], "--label") == {"a": "b=c", "d": ""}
    with pytest.raises(InvalidInput, match="--label"):
        pairs(["=x"], "--label")


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("", ("no", 0)),
        ("always", ("always", 0)),
        ("on-failure", ("on-failure", 0)),
        ("on-failure:3", ("on-failure", 3)),
    ],
)
def test_a_restart_policy_is_read(text: str, policy: tuple[str, int]) -> None:
    assert restart_policy(text) == policy


@pytest.mark.parametrize("text", ["sometimes", "always:3", "on-failure:", "on-failure:x"])
def test_an_unknown_restart_policy_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="--restart"):
        restart_policy(text)


def test_throttles_are_sizes_or_numbers() -> None:
    assert throttles(["/dev/sda:1m"], "--device-read-bps", True) == (("/dev/sda", 1 << 20),)
    assert throttles(["/dev/sda:100"], "--device-read-iops", False) == (("/dev/sda", 100),)
    for text in ("/dev/sda", "sda:1", "/dev/sda:1m"):
        with pytest.raises(InvalidInput):
            throttles([text], "--device-read-iops", False)
