"""One survey's questions: a host, and what is already known of it that decides how to read an answer."""

from __future__ import annotations

from dataclasses import dataclass, field

from probes.errors import NotRecorded
from probes.host import Host, Outcome, Trial

CAP_SYS_CHROOT = 18
CAP_SYS_ADMIN = 21

# How trials get the power to try: with our own privileges, inside a user namespace, or not at all.
DIRECT, USER, POWERLESS = "direct", "user", ""


@dataclass(frozen=True)
class Circumstances:
    """Who could stand in the way. Nothing here is a verdict on a capability."""

    release: str = ""
    executable: str = ""  # the interpreter we are
    numbers: tuple[int, ...] = ()  # of the kernel's release; empty if it does not say
    options: dict[str, str] = field(default_factory=dict)  # CONFIG_X: y, m or n; empty if no config is readable
    config_source: str = ""
    euid: int = 0
    nested: bool = False  # already inside a user namespace, whatever we are there
    effective: int = 0  # capabilities, as bits
    seccomp: int = 0  # of this very process: 2 means that somebody filters its system calls
    confinement: str = ""  # the LSM label we run under, if it restricts
    lsms: tuple[str, ...] = ()
    sysctls: dict[str, str] = field(default_factory=dict)
    family: str = ""  # of the distribution: debian, fedora, suse, alpine, arch
    distribution: str = ""
    container: str = ""
    chroot: bool = False
    emulator: str = ""  # what runs this program in the kernel's place, qemu-user for one
    store: str = ""
    mode: str = DIRECT

    @property
    def admin(self) -> bool:
        return bool(self.effective >> CAP_SYS_ADMIN & 1)

    @property
    def kernel(self) -> str:
        return "Linux " + (".".join(map(str, self.numbers)) or "of unknown version")

    def older_than(self, since: tuple[int, ...]) -> bool:
        """False also when either is unknown: an unknown age blames nobody."""
        return bool(since and self.numbers and self.numbers < since)


@dataclass(frozen=True)
class Inquiry:
    host: Host
    circumstances: Circumstances

    def attempt(self, name: str, *arguments: str) -> Outcome:
        """A replay of an older recording may not know the question: then nothing is known."""
        try:
            return self.host.attempt(Trial(name, *arguments))
        except NotRecorded as error:
            return Outcome(False, detail=str(error))

    def read(self, path: str) -> str:
        """A file's text without its final newline; empty when it cannot be read."""
        return text(self.host, path)

    def program(self, name: str) -> str | None:
        try:
            return self.host.program(name)
        except NotRecorded:
            return None

    def output(self, *command: str) -> str:
        """What a program printed; empty if that is not known."""
        try:
            return self.host.output(*command).stdout
        except NotRecorded:
            return ""


def text(host: Host, path: str) -> str:
    try:
        return host.read(path).rstrip("\n")
    except (OSError, NotRecorded):
        return ""


def names(host: Host, folder: str) -> tuple[str, ...]:
    try:
        return host.names(folder)
    except (OSError, NotRecorded):
        return ()


def link(host: Host, path: str) -> str:
    try:
        return host.link(path)
    except (OSError, NotRecorded):
        return ""
