"""Names of images, as the distribution project's reference grammar has them and docker's users type them.

    reference  := name [ ":" tag ] [ "@" digest ]
    name       := [ domain "/" ] component *( "/" component )

`debian` is docker.io/library/debian:latest; what has a dot, a colon or capitals before the first slash, or is
`localhost`, is a registry.
"""

from __future__ import annotations

from runtime.errors import InvalidInput
from runtime.images.digest import LENGTHS

DEFAULT_DOMAIN = "docker.io"
LEGACY_DOMAIN = "index.docker.io"
OFFICIAL = "library/"
DEFAULT_TAG = "latest"
LONGEST_NAME = 255

_LOWER = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_ALPHANUMERIC = _LOWER | frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")
_TAG = _ALPHANUMERIC | frozenset("_.-")
LONGEST_TAG = 128
IDENTIFIER = 64  # hexadecimal digits


class Reference:
    """A whole name: `domain` and `path` always, `tag` and `digest` empty where not given."""

    __slots__ = ("digest", "domain", "path", "tag")

    def __init__(self, domain: str, path: str, tag: str = "", digest: str = "") -> None:
        self.domain = domain
        self.path = path
        self.tag = tag
        self.digest = digest

    @property
    def name(self) -> str:
        """The repository: domain and path."""
        return f"{self.domain}/{self.path}"

    @property
    def familiar_name(self) -> str:
        if self.domain != DEFAULT_DOMAIN:
            return self.name
        short = self.path.removeprefix(OFFICIAL)
        for familiar in (short, self.path):
            if _split_domain(familiar) == (self.domain, self.path):
                return familiar
        return self.name  # docker.io/a.b/c: without its domain, a.b would be one

    @property
    def familiar(self) -> str:
        """As a person writes it: docker.io/library/debian:12 is debian:12."""
        return self.familiar_name + self._suffix()

    def tagged(self) -> Reference:
        """With the tag `latest` if it names neither a tag nor a digest."""
        if self.tag or self.digest:
            return self
        return Reference(self.domain, self.path, DEFAULT_TAG)

    def _suffix(self) -> str:
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    def __str__(self) -> str:
        return self.name + self._suffix()

    def __repr__(self) -> str:
        return f"Reference({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


def parse(text: str) -> Reference:
    """What a user typed, completed as docker completes it (without adding a tag). InvalidInput says what is wrong."""
    if not text:
        raise InvalidInput("an image's name is empty", "write for example debian, or debian:12")
    rest, at, digest = text.partition("@")
    if at:
        _check_digest(text, digest)
    name, tag = _split_tag(rest)
    if tag is not None and not _is_tag(tag):
        raise _wrong(
            text, f"the tag {tag!r} must be 1 to 128 letters, digits, '_', '.', '-', not beginning with . or -"
        )
    if len(name) == IDENTIFIER and set(name) <= _HEXADECIMAL and name == name.lower():
        raise _wrong(text, "64 hexadecimal digits are an image's identifier, and cannot be its name")
    domain, path = _split_domain(name)
    _check_name(text, domain, path)
    return Reference(domain, path, tag or "", digest)


def _split_tag(text: str) -> tuple[str, str | None]:
    head, colon, tail = text.rpartition(":")
    # A colon before a slash belongs to a port, one inside brackets to an IPv6 address.
    if not colon or "/" in tail or "]" in tail:
        return text, None
    return head, tail


def _split_domain(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    registry = "." in first or ":" in first or first == "localhost" or first != first.lower()
    if not slash or not registry:
        first, rest = DEFAULT_DOMAIN, name
    if first == LEGACY_DOMAIN:
        first = DEFAULT_DOMAIN
    if first == DEFAULT_DOMAIN and "/" not in rest:
        rest = OFFICIAL + rest
    return first, rest


def _check_name(text: str, domain: str, path: str) -> None:
    if not _is_domain(domain):
        raise _wrong(text, f"{domain!r} is not a registry's HOST[:PORT]")
    if len(path) > LONGEST_NAME:
        raise _wrong(text, f"the name is longer than {LONGEST_NAME} characters")
    for component in path.split("/"):
        if not _is_component(component):
            if _is_component(component.lower()):
                raise _wrong(text, "the name must be in lower case")
            raise _wrong(
                text,
                f"{component!r} is not lower-case letters and digits, joined by '.', '_', '__' or '-'",
            )


def _check_digest(text: str, digest: str) -> None:
    algorithm, _, value = digest.partition(":")
    length = LENGTHS.get(algorithm)
    if not _is_digest(digest) or (length and (len(value) != length or value != value.lower())):
        raise _wrong(text, f"{digest!r} is not a digest, which is ALGORITHM:HEXADECIMAL")


# The grammar by hand: compiled expressions of it, and `re` itself, would cost every `run IMAGE` 7 ms.


def _is_tag(text: str) -> bool:
    return 0 < len(text) <= LONGEST_TAG and set(text) <= _TAG and text[0] not in ".-"


def _is_component(text: str) -> bool:
    """Lower-case letters and digits, joined by one '.', one or two '_', or any number of '-'."""
    between = ""
    for character in text:
        if character not in _LOWER:
            between += character
        elif between:
            if between not in (".", "_", "__") and between.strip("-"):
                return False
            between = ""
    return bool(text) and text[0] in _LOWER and not between


def _is_domain(text: str) -> bool:
    """HOST[:PORT], the host being labels joined by dots, or an IPv6 address in brackets."""
    host, bracket, port = text.rpartition("]")
    if bracket:
        right = host[:1] == "[" and len(host) > 1 and set(host[1:]) <= _HEXADECIMAL | {":"}
        return right and (not port or (port[0] == ":" and _is_number(port[1:])))
    host, colon, port = text.partition(":")
    return all(_is_label(label) for label in host.split(".")) and (not colon or _is_number(port))


def _is_label(text: str) -> bool:
    return set(text) <= _ALPHANUMERIC | {"-"} and text[:1] not in ("", "-") and text[-1] != "-"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _is_digest(text: str) -> bool:
    """ALGORITHM:HEXADECIMAL; an algorithm's parts, joined by one of -_+. each, begin with a letter."""
    algorithm, _, value = text.partition(":")
    for joint in "-_+":
        algorithm = algorithm.replace(joint, ".")
    parts = algorithm.split(".")
    return (
        all(set(part) <= _ALPHANUMERIC and part[:1].isalpha() for part in parts)
        and len(value) >= 32
        and set(value) <= _HEXADECIMAL
    )


def _wrong(text: str, why: str) -> InvalidInput:
    shown = text if len(text) <= 300 else text[:300] + "..."
    return InvalidInput(
        f"{shown!r} is not an image's name: {why}", "write for example debian, or registry.example/a/b:1"
    )
