"""Who wishes what of a container's isolation, and what comes of it. Pure. On the launch path.

Weakest first: docker's promises, the image's label, the settings file, the flags. By name (--require, --prefer,
--forbid, the file) a user decides about a guarantee. Other flags speak of it in passing: they ask for it (--memory) or
give it up (--network host), which does not overrule what somebody insists on by name: then both are named, and
refused. An image may ask for more, and what it asks for is kept unless the user decides otherwise by name; it may never
make a container weaker, since its author is not the one whom the borders protect.
"""

from __future__ import annotations

from backends.guarantees import DEFAULT_DEMANDS, FORBID, GUARANTEES, PREFER, REQUIRE, Demands
from runtime.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Words = dict[str, tuple[str, str]]  # guarantee -> strength, source

GIVEN_UP = "given up"
DEFAULT = "the default"
LABEL = "org.runtime.isolation."

# What some backend never leaves out of itself, or what a container can do without: the rest cannot be forbidden.
FORBIDDABLE = frozenset(GUARANTEES) - {"capabilities", "kill-all", "pause"}


class Wish:
    """`source` says who wishes it; `overruled` what others wished, each as a sentence."""

    __slots__ = ("guarantee", "overruled", "source", "strength")

    def __init__(self, guarantee: str, strength: str, source: str, overruled: tuple[str, ...] = ()) -> None:
        self.guarantee = guarantee
        self.strength = strength
        self.source = source
        self.overruled = overruled

    def __repr__(self) -> str:
        return f"Wish({self.guarantee!r}, {self.strength!r}, {self.source!r}, {self.overruled!r})"


class Policy:
    """`wishes` in the order of GUARANTEES; `notices`: what was asked for and is not heeded."""

    __slots__ = ("forced", "notices", "wishes")

    def __init__(self, wishes: Iterable[Wish], forced: dict[str, str], notices: tuple[str, ...] = ()) -> None:
        self.wishes = tuple(wishes)
        self.forced = forced
        self.notices = notices

    @property
    def demands(self) -> Demands:
        return Demands(self.named(REQUIRE), self.named(PREFER), self.named(FORBID), self.forced)

    def named(self, strength: str) -> frozenset[str]:
        return frozenset(wish.guarantee for wish in self.wishes if wish.strength == strength)


class Sources:
    """What each side says. `named` by the flags that name guarantees, `asked` and `given_up` by other flags (guarantee
    -> flag), `configured` by the settings file at `path`, `labels` by the image. `unneeded` are given up only because
    another border makes them so (--cap-drop MKNOD), and kept for anybody who asks."""

    __slots__ = ("asked", "configured", "given_up", "labels", "named", "path", "unneeded")

    def __init__(
        self,
        named: Mapping[str, Iterable[str]],
        asked: dict[str, str],
        given_up: dict[str, str],
        configured: dict[str, str] | None = None,
        path: str = "",
        labels: Mapping[str, str] | None = None,
        unneeded: dict[str, str] | None = None,
    ) -> None:
        self.named = _by_flag(named)
        self.asked = asked
        self.given_up = given_up
        self.configured = configured or {}
        self.path = path
        self.labels = labels or {}
        self.unneeded = unneeded or {}


def resolve(sources: Sources, forced: dict[str, str] | None = None) -> Policy:
    """InvalidInput for wishes that contradict each other, naming both sources."""
    label, notices = _label(sources.labels)
    wishes = [_decide(guarantee, sources, label) for guarantee in GUARANTEES]
    return Policy([wish for wish in wishes if wish is not None], forced or {}, notices)


def _decide(guarantee: str, sources: Sources, label: Words) -> Wish | None:
    image, default = label.get(guarantee), _default(guarantee)
    words = [word for word in (sources.named.get(guarantee), _file(guarantee, sources), image, default) if word]
    dropped = sources.given_up.get(guarantee, "")
    if words and words[0] not in (image, default):
        _agree(guarantee, words[0], sources, image)
        if words[0][0] == PREFER and dropped:
            return _wish(guarantee, (GIVEN_UP, dropped), words)
        return _wish(guarantee, words[0], words[1:])
    if guarantee in sources.asked:
        return _wish(guarantee, (REQUIRE, sources.asked[guarantee]), words)
    if dropped:
        _insisted(guarantee, image, dropped)
        return _wish(guarantee, (GIVEN_UP, dropped), words)
    if image is not None and (default is None or (image[0], default[0]) == (REQUIRE, PREFER)):
        return _wish(guarantee, image, words[1:])
    if guarantee in sources.unneeded and image is None:
        return _wish(guarantee, (GIVEN_UP, sources.unneeded[guarantee]), words)
    return _wish(guarantee, default, words) if default else None


def _file(guarantee: str, sources: Sources) -> tuple[str, str] | None:
    strength = sources.configured.get(guarantee)
    return (strength, f"isolation.{strength} in {sources.path}") if strength else None


def _default(guarantee: str) -> tuple[str, str] | None:
    for strength, names in ((REQUIRE, DEFAULT_DEMANDS.require), (PREFER, DEFAULT_DEMANDS.prefer)):
        if guarantee in names:
            return strength, DEFAULT
    return None


def _wish(guarantee: str, word: tuple[str, str], others: list[tuple[str, str]]) -> Wish:
    strength, source = word
    overruled = tuple(f"{theirs} by {who}" for theirs, who in others if who != source and theirs != strength)
    return Wish(guarantee, strength, source, overruled)


def _agree(guarantee: str, named: tuple[str, str], sources: Sources, image: tuple[str, str] | None) -> None:
    """What is named against what other flags say in passing, and against an image that insists."""
    strength, who = named
    if strength == REQUIRE and guarantee in sources.given_up:
        _contradict(guarantee, who, sources.given_up[guarantee])
    if strength == FORBID and guarantee in sources.asked:
        _contradict(guarantee, who, sources.asked[guarantee])
    if strength == FORBID and guarantee not in FORBIDDABLE:
        raise InvalidInput(f"{who}: {guarantee} ({GUARANTEES[guarantee]}) cannot be left out", "do not forbid it")
    if strength == FORBID:
        _insisted(guarantee, image, who)


def _insisted(guarantee: str, image: tuple[str, str] | None, who: str) -> None:
    if image is not None and image[0] == REQUIRE:
        _contradict(guarantee, image[1], who)


def _contradict(guarantee: str, one: str, other: str) -> None:
    raise InvalidInput(
        f"{one} and {other} contradict each other: {guarantee} ({GUARANTEES[guarantee]})",
        f"leave out one of them, or say --prefer {guarantee}, which decides for this container",
    )


def _by_flag(said: Mapping[str, Iterable[str]]) -> Words:
    """InvalidInput for a guarantee that nobody knows, or that two flags speak of."""
    found: Words = {}
    for strength, names in said.items():
        for name in names:
            if name not in GUARANTEES:
                raise InvalidInput(
                    f"--{strength}: no guarantee is called {name!r}", f"they are {', '.join(GUARANTEES)}"
                )
            word = found.setdefault(name, (strength, f"--{strength}"))
            if word[0] != strength:
                raise InvalidInput(
                    f"--{word[0]} and --{strength} contradict each other: both name {name}", "leave out one of them"
                )
    return found


def _label(labels: Mapping[str, str]) -> tuple[Words, tuple[str, ...]]:
    """What the image asks for, and what of it is not heeded."""
    found: Words = {}
    notices = []
    for strength in (PREFER, REQUIRE):  # of an image that says both, the stronger
        source = f"the image's label {LABEL}{strength}"
        for name in labels.get(LABEL + strength, "").replace(",", " ").split():
            if name in GUARANTEES:
                found[name] = (strength, source)
            elif strength == REQUIRE:
                raise InvalidInput(
                    f"{source}: no guarantee is called {name!r}",
                    "a newer version of this program may know it; --prefer does not help, as nobody knows what it is",
                )
            else:
                notices.append(f"{source}: no guarantee is called {name!r}: passed over")
    if labels.get(LABEL + FORBID):
        notices.append(f"the image's label {LABEL}{FORBID} is not heeded: an image cannot make its container weaker")
    return found, tuple(notices)
