"""--format: the part of Go's text/template that users of docker write. A small evaluator of our own.

{{.Name}}  {{.State.Status}}  {{json .}}  {{index .Labels "a"}}  {{len .Mounts}}  {{upper .Name}}  {{.Name | json}}
{{if .Running}}...{{else if ...}}...{{else}}...{{end}}  {{range .Mounts}}...{{end}}  {{range $k, $v := .Labels}}
{{with .X}}...{{end}}  {{println .X}}  {{printf "%s %d" .A .B}}  {{$.X}}  {{- trimmed -}}  {{/* comment */}}
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from runtime.cli.functions import NO_VALUE, BadTemplate, NoValue, call, show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DEEPEST = 50  # blocks in blocks
_ACTION = re.compile(r"\{\{(-\s)?(.*?)(\s-)?\}\}", re.DOTALL)
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>"(?:\\.|[^"\\])*"|`[^`]*`)
      | (?P<number>-?[0-9]+(?:\.[0-9]+)?(?![\w.]))
      | (?P<path>\$[A-Za-z_0-9]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*|\.[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*|\.)
      | (?P<sign>:=|[()|,])
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Token:
    """`joined`: nothing separates it from the token before."""

    kind: str
    text: str
    joined: bool = field(default=False, compare=False)


@dataclass
class Node:
    """`kind` is "text", "value", "if", "range" or "with"; `branches` are (condition, body) pairs, the last of them
    perhaps without a condition (else)."""

    kind: str
    text: str = ""
    expression: list[Token] = field(default_factory=list)
    names: tuple[str, ...] = ()
    branches: list[tuple[list[Token] | None, list[Node]]] = field(default_factory=list)


class Template:
    """A parsed template. BadTemplate."""

    def __init__(self, text: str) -> None:
        self._nodes = _Parser(text).parse()

    def render(self, value: Any) -> str:
        """InvalidInput when the data does not have what the template says."""
        return "".join(_render(self._nodes, _Scope(value, {"$": value})))

    def fields(self) -> list[str]:
        """The names of the top fields that values name, in order: the titles of a table."""
        return [token.text.lstrip(".") for node in self._nodes for token in node.expression if token.kind == "path"]


# ------------------------------------------------------------------------------------------------------ parsing


class _Parser:
    def __init__(self, text: str) -> None:
        self._pieces = _pieces(text)
        self._position = 0

    def parse(self) -> list[Node]:
        nodes, closer = self._block(0)
        if closer is not None:
            raise BadTemplate(f"{{{{{closer}}}}} closes nothing")
        return nodes

    def _block(self, depth: int) -> tuple[list[Node], str | None]:
        """The nodes up to an {{else}} or {{end}}, and that action's text."""
        if depth > _DEEPEST:
            raise BadTemplate(f"more than {_DEEPEST} blocks in one another")
        nodes: list[Node] = []
        while self._position < len(self._pieces):
            kind, text = self._pieces[self._position]
            self._position += 1
            if kind == "text":
                nodes.append(Node("text", text))
                continue
            word = text.split(None, 1)[0] if text.split() else ""
            if word in ("else", "end"):
                return nodes, text
            if word in ("if", "range", "with"):
                nodes.append(self._branching(word, text[len(word) :], depth))
            else:
                nodes.append(Node("value", expression=_tokens(text)))
        return nodes, None

    def _branching(self, kind: str, condition: str, depth: int) -> Node:
        tokens = _tokens(condition)
        names: tuple[str, ...] = ()
        marks = [position for position, token in enumerate(tokens) if token == Token("sign", ":=")]
        if marks:
            names = tuple(token.text for token in tokens[: marks[0]] if token.kind == "path")
            tokens = tokens[marks[0] + 1 :]
        if not tokens:
            raise BadTemplate(f"{{{{{kind}}}}} needs a value")
        node = Node(kind, names=names)
        wanted: list[Token] | None = tokens
        while True:
            body, closer = self._block(depth + 1)
            node.branches.append((wanted, body))
            if closer is None:
                raise BadTemplate(f"{{{{{kind}}}}} has no {{{{end}}}}")
            if closer.split() == ["end"]:
                return node
            if wanted is None:
                raise BadTemplate("a second {{else}}")
            rest = closer[len("else") :].split(None, 1)
            if not rest:
                wanted = None
            elif rest[0] == "if" and kind == "if" and len(rest) == 2:
                wanted = _tokens(rest[1])
            else:
                raise BadTemplate(f"{{{{{closer}}}}} is not understood")


def _pieces(text: str) -> list[tuple[str, str]]:
    pieces: list[tuple[str, str]] = []
    at, trim = 0, False
    for found in _ACTION.finditer(text):
        before = text[at : found.start()]
        before = before.lstrip() if trim else before
        pieces.append(("text", before.rstrip() if found.group(1) else before))
        content = found.group(2).strip()
        if not (content.startswith("/*") and content.endswith("*/")):
            if not content:
                raise BadTemplate("{{}} is empty")
            pieces.append(("action", content))
        at, trim = found.end(), bool(found.group(3))
    rest = text[at:]
    if "{{" in rest:
        raise BadTemplate(f"{rest[rest.index('{{') :]!r} is not closed by }}}}")
    pieces.append(("text", rest.lstrip() if trim else rest))
    return [piece for piece in pieces if piece != ("text", "")]


def _tokens(text: str) -> list[Token]:
    tokens, at, text = [], 0, text.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or found.end() == at:
            raise BadTemplate(f"{text[at:]!r} in {{{{{text}}}}} is not understood")
        kind = str(found.lastgroup)
        tokens.append(Token(kind, found.group(kind), found.start(kind) == at))
        at = found.end()
    return tokens


# --------------------------------------------------------------------------------------------------- evaluating


@dataclass(frozen=True)
class _Scope:
    dot: Any
    names: dict[str, Any]

    def inner(self, dot: Any, **names: Any) -> _Scope:
        return _Scope(dot, {**self.names, **names})


def _render(nodes: list[Node], scope: _Scope) -> list[str]:
    output: list[str] = []
    for node in nodes:
        if node.kind == "text":
            output.append(node.text)
        elif node.kind == "value":
            output.append(show(_evaluate(node.expression, scope)))
        elif node.kind == "range":
            output.extend(_range(node, scope))
        else:
            output.extend(_chosen(node, scope))
    return output


def _chosen(node: Node, scope: _Scope) -> list[str]:
    for condition, body in node.branches:
        value = True if condition is None else _evaluate(condition, scope)
        if value:
            inner = scope
            if node.kind == "with" and condition is not None:
                inner = scope.inner(value, **dict.fromkeys(node.names, value))
            return _render(body, inner)
    return []


def _range(node: Node, scope: _Scope) -> list[str]:
    condition, body = node.branches[0]
    assert condition is not None
    values = _evaluate(condition, scope)
    if isinstance(values, dict):
        items = [(key, values[key]) for key in sorted(values)]
    elif isinstance(values, (list, tuple)):
        items = list(enumerate(values))
    elif values is None:
        items = []
    else:
        raise BadTemplate(f"range over {type(values).__name__}")
    if not items:
        return _render(node.branches[1][1], scope) if len(node.branches) > 1 else []
    output: list[str] = []
    for key, value in items:
        names = dict(zip(node.names, (key, value) if len(node.names) == 2 else (value,)))
        output.extend(_render(body, scope.inner(value, **names)))
    return output


def _evaluate(tokens: list[Token], scope: _Scope) -> Any:
    reader = _Reader(tokens, scope)
    value = reader.pipeline()
    if reader.left:
        raise BadTemplate(f"{reader.left[0].text!r} is one too many")
    return value


class _Reader:
    """Evaluates while it reads: operand, call with operands, calls joined by |."""

    def __init__(self, tokens: list[Token], scope: _Scope) -> None:
        self.left = list(tokens)
        self._scope = scope

    def pipeline(self) -> Any:
        value = self._command(())
        while self.left and self.left[0] == Token("sign", "|"):
            self.left.pop(0)
            value = self._command((value,))
        return value

    def _command(self, piped: tuple[Any, ...]) -> Any:
        if self.left and self.left[0].kind == "word" and self.left[0].text not in _CONSTANTS:
            name = self.left.pop(0).text
            arguments = []
            while self.left and self.left[0] not in _CLOSERS:
                arguments.append(self._operand())
            return call(name, (*arguments, *piped))
        if piped:
            raise BadTemplate("after | there must be a function")
        return self._operand()

    def _operand(self) -> Any:
        if not self.left:
            raise BadTemplate("a value is missing")
        token = self.left.pop(0)
        if token == Token("sign", "("):
            value = self.pipeline()
            if not self.left or self.left.pop(0) != Token("sign", ")"):
                raise BadTemplate("a ( is not closed")
            while self.left and self.left[0].joined and self.left[0].text.startswith("."):
                value = _fields(value, self.left.pop(0).text)
            return value
        if token.kind == "string":
            return _string(token.text)
        if token.kind == "number":
            return float(token.text) if "." in token.text else int(token.text)
        if token.kind == "path":
            return _path(token.text, self._scope)
        if token.kind == "word" and token.text in _CONSTANTS:
            return _CONSTANTS[token.text]
        if token.kind == "word":
            return call(token.text, ())
        raise BadTemplate(f"{token.text!r} is not a value")


_CLOSERS = (Token("sign", "|"), Token("sign", ")"))
_CONSTANTS = {"true": True, "false": False, "nil": None}


def _string(text: str) -> str:
    if text.startswith("`"):
        return text[1:-1]
    try:
        return str(json.loads(text, strict=False))
    except ValueError:
        raise BadTemplate(f"the string {text} is not understood") from None


def _path(text: str, scope: _Scope) -> Any:
    first, *names = text.split(".")
    if first:
        if first not in scope.names:
            raise BadTemplate(f"no variable is called {first}")
        value = scope.names[first]
    else:
        value = scope.dot
    return _fields(value, ".".join(names))


def _fields(value: Any, path: str) -> Any:
    for name in filter(None, path.split(".")):
        value = _field(value, name)
    return value


def _field(value: Any, name: str) -> Any:
    if isinstance(value, (NoValue, type(None))):
        return NO_VALUE
    if not isinstance(value, dict):
        raise BadTemplate(f"there is no .{name} in {_kind(value)}")
    return value.get(name, NO_VALUE)


def _kind(value: Any) -> str:
    return {"list": "a list", "tuple": "a list", "str": "a text", "int": "a number", "bool": "a truth value"}.get(
        type(value).__name__, type(value).__name__
    )
