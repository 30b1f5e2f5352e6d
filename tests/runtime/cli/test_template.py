from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.cli.functions import BadTemplate
from runtime.cli.template import Template

DATA: dict[str, Any] = {
    "ID": "abc",
    "Name": "web",
    "Running": True,
    "Count": 3,
    "Nothing": None,
    "Labels": {"b": "2", "a": "1", "com.x/y": "z"},
    "State": {"Status": "running", "Health": {"Log": [1, 2]}},
    "Mounts": [{"Source": "/a"}, {"Source": "/b"}],
    "Empty": [],
}


def render(text: str, data: Any = None) -> str:
    return Template(text).render(DATA if data is None else data)


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("", ""),
        ("plain { text }", "plain { text }"),
        ("{{.ID}} {{ .Name }}", "abc web"),
        ("{{.State.Status}}", "running"),
        ("{{.Running}} {{.Count}}", "true 3"),
        ("{{.Nothing}} {{.Missing}} {{.Missing.Deeper}}", "<no value> <no value> <no value>"),
        ("{{.Labels}}", "map[a:1 b:2 com.x/y:z]"),
        ("{{.State.Health.Log}}", "[1 2]"),
        ("{{json .Labels}}", '{"b":"2","a":"1","com.x/y":"z"}'),
        ("{{.State | json}}", '{"Status":"running","Health":{"Log":[1,2]}}'),
        ("{{json .Missing}}", "null"),
        ('{{index .Labels "com.x/y"}}', "z"),
        ('{{index .Mounts 1 "Source"}}', "/b"),
        ('{{(index .Mounts 0).Source | upper}}', "/A"),
        ("{{len .Mounts}}", "2"),
        ("{{upper .Name}}-{{lower \"ABC\"}}-{{title .Name}}", "WEB-abc-Web"),
        ("{{if .Running}}up{{else}}down{{end}}", "up"),
        ("{{if .Empty}}a{{else if eq .Count 3}}b{{else}}c{{end}}", "b"),
        ("{{if and .Running (gt .Count 2)}}yes{{end}}", "yes"),
        ("{{if not .Running}}no{{end}}", ""),
        ("{{range .Mounts}}[{{.Source}}]{{end}}", "[/a][/b]"),
        ("{{range $i, $m := .Mounts}}{{$i}}={{$m.Source}} {{end}}", "0=/a 1=/b "),
        ("{{range $k, $v := .Labels}}{{$k}}:{{$v}};{{end}}", "a:1;b:2;com.x/y:z;"),
        ("{{range .Empty}}x{{else}}none{{end}}", "none"),
        ("{{range .Mounts}}{{$.Name}}{{end}}", "webweb"),
        ("{{with .State}}{{.Status}}{{end}}{{with .Empty}}x{{end}}", "running"),
        ("{{with $s := .State}}{{$s.Status}}{{end}}", "running"),
        ('{{printf "%s has %d (%5.1f)" .Name .Count 1.5}}', "web has 3 (  1.5)"),
        ('{{printf "%q" .Name}}', '"web"'),
        ("{{println .Name}}", "web\n"),
        ('{{join .State.Health.Log ","}}', "1,2"),
        ('{{index (split "a:b" ":") 1}}', "b"),
        ("a  {{- .Name -}}  b", "awebb"),
        ("{{/* said to nobody */}}x", "x"),
        ("{{`raw`}}{{\"q\\\"\"}}", 'rawq"'),
        ('{{truncate .ID 2}}{{slice .ID 1}}', "abbc"),
    ],
)  # fmt: skip
def test_a_template_means_what_it_means_in_docker(text: str, output: str) -> None:
    assert render(text) == output


@pytest.mark.parametrize(
    "text",
    [
        "{{",
        "{{.ID",
        "{{}}",
        "{{end}}",
        "{{else}}",
        "{{if .A}}",
        "{{if}}{{end}}",
        "{{range}}{{end}}",
        "{{if .A}}{{else}}{{else}}{{end}}",
        "{{nonsense .A}}",
        "{{.ID .Name}}",
        "{{(.ID}}",
        "{{.ID | .Name}}",
        "{{.ID |}}",
        "{{.Name.First}}",
        "{{range .Count}}{{end}}",
        "{{$unknown}}",
        '{{"open}}',
        "{{index .Mounts 9}}",
        "{{len .Count}}",
        '{{printf "%z" 1}}',
        "{{.ID}}{{template}}",
    ],
)
def test_a_wrong_template_is_refused_in_words(text: str) -> None:
    with pytest.raises(BadTemplate, match="--format"):
        render(text)


def test_blocks_have_a_deepest_level() -> None:
    with pytest.raises(BadTemplate, match="50"):
        render("{{if .A}}" * 2000)


def test_the_fields_of_a_template_are_told_in_order() -> None:
    assert Template("{{.ID}}\t{{upper .Names}}").fields() == ["ID", "Names"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_json_of_anything_reads_back_as_it(value: Any) -> None:
    assert json.loads(Template("{{json .}}").render(value)) == value


@given(st.text(st.characters(exclude_characters="{"), max_size=40))
def test_text_without_braces_is_itself(text: str) -> None:
    assert render(text) == text


PIECES = st.sampled_from(
    [
        "{{",
        "}}",
        ".ID",
        ".",
        "$",
        "if",
        "range",
        "end",
        "else",
        " ",
        "|",
        "(",
        ")",
        '"',
        "json",
        "index",
        "1",
        ":=",
        "-",
        ",",
    ]
)


@given(st.lists(PIECES, max_size=14).map("".join), VALUES)
def test_any_template_renders_or_is_refused(text: str, value: Any) -> None:
    try:
        assert isinstance(Template(text).render(value), str)
    except BadTemplate:
        pass
