from __future__ import annotations

import re
import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from runtime.errors import InvalidInput
from runtime.images import reference

DIGEST = "sha256:" + "a1" * 32

letters = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8)
separators = st.sampled_from([".", "_", "__", "-", "--"])
domains = st.sampled_from("docker.io index.docker.io localhost localhost:5000 quay.io [::1]:80 A".split())
tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,10}", fullmatch=True)


@st.composite
def components(draw: st.DrawFn) -> str:
    rest = draw(st.lists(st.tuples(separators, letters), max_size=2))
    return draw(letters) + "".join(separator + more for separator, more in rest)


@st.composite
def names(draw: st.DrawFn) -> str:
    name = "/".join(draw(st.lists(components(), min_size=1, max_size=3)))
    if draw(st.booleans()):
        name = f"{draw(domains)}/{name}"
    if draw(st.booleans()):
        name = f"{name}:{draw(tags)}"
    # A first part with a dot and an underscore looks like a registry and cannot be one.
    assume(not ("_" in name.split("/")[0] and "." in name.split("/")[0]))
    return f"{name}@{DIGEST}" if draw(st.booleans()) else name


@pytest.mark.parametrize(
    ("typed", "whole", "familiar"),
    [
        ("debian", "docker.io/library/debian", "debian"),
        ("debian:12", "docker.io/library/debian:12", "debian:12"),
        ("library/debian", "docker.io/library/debian", "debian"),
        ("docker.io/debian", "docker.io/library/debian", "debian"),
        ("index.docker.io/library/debian:x", "docker.io/library/debian:x", "debian:x"),
        ("a/b", "docker.io/a/b", "a/b"),
        ("quay.io/a/b:1", "quay.io/a/b:1", "quay.io/a/b:1"),
        ("localhost/a", "localhost/a", "localhost/a"),
        ("localhost:5000/a", "localhost:5000/a", "localhost:5000/a"),
        ("127.0.0.1:5000/a:b", "127.0.0.1:5000/a:b", "127.0.0.1:5000/a:b"),
        ("[2001:db8::1]:5000/a", "[2001:db8::1]:5000/a", "[2001:db8::1]:5000/a"),
        ("Host/a", "Host/a", "Host/a"),
        ("a@" + DIGEST, "docker.io/library/a@" + DIGEST, "a@" + DIGEST),
        ("a:1@" + DIGEST, "docker.io/library/a:1@" + DIGEST, "a:1@" + DIGEST),
        ("docker.io/library/a/b", "docker.io/library/a/b", "library/a/b"),
    ],
)
def test_names_are_completed_and_shortened_as_docker_does(typed: str, whole: str, familiar: str) -> None:
    parsed = reference.parse(typed)
    assert str(parsed) == whole
    assert parsed.familiar == familiar


@pytest.mark.parametrize(
    "typed",
    [
        "",
        ":",
        "a:",
        "a@",
        "a:b:c",
        "/a",
        "a/",
        "a//b",
        "-a",
        "a-",
        "a..b",
        "a___b",
        "Debian",
        "docker.io/A",
        "a:-b",
        "a:" + "x" * 129,
        "a b",
        "a\n",
        "a/b:\n",
        "http://a/b",
        "a" * 256,
        "ab" * 32,
        "a@sha256:12",
        "a@sha256:" + "A1" * 32,
        "a@sha256:" + "g1" * 32,
        "@host",
        "é",
        "host_name.example:80/a",
        "[::1/a",
        "../a",
        "a/../b",
    ],
)
def test_what_is_no_name_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        reference.parse(typed)
    assert "debian" in caught.value.hint


def test_upper_case_is_said_to_be_what_is_wrong() -> None:
    with pytest.raises(InvalidInput, match="lower case"):
        reference.parse("Debian")


@given(names())
def test_a_whole_name_parses_to_itself(typed: str) -> None:
    parsed = reference.parse(typed)
    assert reference.parse(str(parsed)) == parsed


@given(names())
def test_a_familiar_name_means_the_same(typed: str) -> None:
    parsed = reference.parse(typed)
    assert reference.parse(parsed.familiar) == parsed


@given(names())
def test_a_tagged_name_has_a_tag_or_a_digest(typed: str) -> None:
    tagged = reference.parse(typed).tagged()
    assert tagged.tag or tagged.digest
    assert tagged.tagged() == tagged


@given(st.text(max_size=60) | st.text("aA0.:/@-_[]sha256", max_size=60))
def test_any_text_is_a_name_or_invalid_input(text: str) -> None:
    try:
        parsed = reference.parse(text)
    except InvalidInput:
        return
    assert reference.parse(str(parsed)) == parsed


# The grammar as its authors write it: https://pkg.go.dev/github.com/distribution/reference
LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
GRAMMAR = {
    "_is_tag": r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}",
    "_is_component": r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*",
    "_is_domain": rf"(?:{LABEL}(?:\.{LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?",
    "_is_digest": r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}",
}


@pytest.mark.parametrize("part", GRAMMAR)
@given(data=st.data())
def test_each_part_is_what_the_grammar_says(part: str, data: st.DataObject) -> None:
    grammar = re.compile(GRAMMAR[part])
    right = st.from_regex(grammar, fullmatch=True)
    joined = st.tuples(right, st.sampled_from([".", "_", "__", "-", ":", "]", "A", "\n", ""]), right).map("".join)
    text = data.draw(st.one_of(right, joined, st.text("aA0._-:+[]\u0663", max_size=8)))
    assert getattr(reference, part)(text) == bool(grammar.fullmatch(text))
