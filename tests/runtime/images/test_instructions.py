from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import InvalidInput
from runtime.images.instructions import change, words


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ('CMD ["a", "b c"]', "Cmd", ["a", "b c"]),
        ("CMD a b", "Cmd", ["/bin/sh", "-c", "a b"]),
        ("cmd a", "Cmd", ["/bin/sh", "-c", "a"]),
        ("CMD [broken", "Cmd", ["/bin/sh", "-c", "[broken"]),
        ("CMD", "Cmd", []),
        ('ENTRYPOINT ["/x"]', "Entrypoint", ["/x"]),
        ("ENV A=1 B='two words' C=\"x y\"", "Env", ["A=1", "B=two words", "C=x y"]),
        ("ENV A two words", "Env", ["A=two words"]),
        ("ENV A=b=c", "Env", ["A=b=c"]),
        ("LABEL a=b c.d=e", "Labels", {"a": "b", "c.d": "e"}),
        ("EXPOSE 80 53/udp 1000-1001", "ExposedPorts", {"80/tcp": {}, "53/udp": {}, "1000/tcp": {}, "1001/tcp": {}}),
        ('VOLUME ["/a", "/b"]', "Volumes", {"/a": {}, "/b": {}}),
        ("VOLUME /a /b", "Volumes", {"/a": {}, "/b": {}}),
        ("WORKDIR /x", "WorkingDir", "/x"),
        ("USER a:b", "User", "a:b"),
        ("STOPSIGNAL SIGINT", "StopSignal", "SIGINT"),
        ("ONBUILD RUN x", "OnBuild", ["RUN x"]),
    ],
)
def test_an_instruction_changes_the_configuration(line: str, key: str, value: Any) -> None:
    assert change({}, [line]) == {key: value}


def test_later_instructions_build_on_earlier_ones_and_the_original_stays() -> None:
    before = {"Env": ["A=1", "B=2"], "Labels": {"x": "1"}}
    after = change(before, ["ENV B=3 C=4", "LABEL y=2", "WORKDIR /a", "WORKDIR b"])
    assert after == {"Env": ["A=1", "B=3", "C=4"], "Labels": {"x": "1", "y": "2"}, "WorkingDir": "/a/b"}
    assert before == {"Env": ["A=1", "B=2"], "Labels": {"x": "1"}}


@pytest.mark.parametrize(
    "line",
    [
        *("", "RUN x", "FROM a", "ENV", "ENV A", "ENV =b", "ENV A='x", "USER", "WORKDIR"),
        *("EXPOSE x", "EXPOSE 0", "EXPOSE 9-1", "EXPOSE 1/x"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused_and_quoted(line: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        change({}, [line])
    assert repr(line) in str(caught.value)


@given(st.lists(st.text("ab'\"\\ =", min_size=1), max_size=4))
def test_quoted_words_come_apart_as_they_were(parts: list[str]) -> None:
    quoted = " ".join('"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in parts)
    assert words(quoted) == parts


@given(st.text())
def test_any_text_is_words_or_an_error(text: str) -> None:
    try:
        assert all(isinstance(word, str) for word in words(text))
    except ValueError:
        return
