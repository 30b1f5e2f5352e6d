"""Platforms, as OS/ARCHITECTURE[/VARIANT], and the choice among the images of an index."""

from __future__ import annotations

import os

from arch import names
from arch.errors import UnknownArchitecture
from runtime.errors import InvalidInput, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TypeVar

    Thing = TypeVar("Thing")


class Platform:
    """Normalised when made: linux/aarch64/v8 is linux/arm64, linux/arm is linux/arm/v7."""

    __slots__ = ("architecture", "os", "variant")

    def __init__(self, os: str, architecture: str, variant: str = "") -> None:
        architecture, variant = architecture.lower(), variant.lower()
        try:
            known, implied = names.parse(architecture)
        except UnknownArchitecture:
            pass  # an image may be for a machine that we know nothing of
        else:
            architecture = known.oci
            variant = variant or implied
            if variant and "v" + variant in known.variants:  # "8", as some tools write it
                variant = "v" + variant
            if known is names.ARM:  # the one whose variants differ in what runs, so always said
                variant = variant or known.variant
            elif variant == known.variant:
                variant = ""
        self.os = os.lower() or "linux"
        self.architecture = architecture
        self.variant = variant

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

    def __repr__(self) -> str:
        return f"Platform({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Platform) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def runs(self) -> tuple[Platform, ...]:
        """What a machine of this platform executes, best first. An arm64 kernel need not have a 32-bit personality,
        but an index that offers nothing better leaves no better choice."""
        others = [Platform(self.os, self.architecture, variant) for variant in self._lower()]
        if self.variant and self.architecture != names.ARM.oci:
            others.append(Platform(self.os, self.architecture))
        others = list(dict.fromkeys(others))
        if self.architecture == names.X86_64.oci:
            others.append(Platform(self.os, names.I386.oci))
        elif self.architecture == names.ARM64.oci:
            others += [Platform(self.os, names.ARM.oci, variant) for variant in reversed(names.ARM.variants)]
        return (self, *others)

    def _lower(self) -> list[str]:
        """The variants below this one, which its machine runs too, highest first."""
        for known in names.ALL:
            if known.oci == self.architecture and self.variant in known.variants:
                return list(reversed(known.variants[: known.variants.index(self.variant)]))
        return []


def parse(text: str) -> Platform:
    """`--platform`: OS/ARCHITECTURE/VARIANT, OS/ARCHITECTURE or ARCHITECTURE. InvalidInput."""
    parts = text.split("/")
    if len(parts) > 3 or not all(part and part.replace("-", "_").replace("_", "a").isalnum() for part in parts):
        raise InvalidInput(f"{text!r} is not a platform", "write for example linux/amd64, or linux/arm/v7")
    if len(parts) == 1:
        parts = ["linux", *parts]
    if parts[0].lower() != "linux":
        raise InvalidInput(
            f"the platform {text!r} is not linux: only linux images run here", "write linux/ARCHITECTURE: linux/arm64"
        )
    return Platform(*parts)


def host() -> Platform:
    """This machine's, by its kernel's word: a 32-bit personality (linux32) counts as a 32-bit machine."""
    return Platform("linux", os.uname().machine)


def best(options: Sequence[tuple[Thing, Platform]], wanted: Platform) -> Thing | None:
    """The option that a machine of the wanted platform runs best; the first of equals."""
    for platform in wanted.runs():
        for thing, offered in options:
            if offered == platform:
                return thing
    return None


def choose(options: Sequence[tuple[Thing, Platform]], wanted: Platform) -> Thing:
    """The same. NotFound lists what is offered."""
    found = best(options, wanted)
    if found is None:
        offered = list_of(platform for _, platform in options)
        raise NotFound(
            f"there is no image for {wanted}; the platforms offered are {offered}",
            "choose one of them with --platform; running it needs emulation",
        )
    return found


def list_of(platforms: Iterable[Platform]) -> str:
    return ", ".join(sorted({str(platform) for platform in platforms})) or "none"
