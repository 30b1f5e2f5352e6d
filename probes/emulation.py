"""Running programs of other architectures: the smallest one of each is run, whatever would run it."""

from __future__ import annotations

from dataclasses import dataclass

from arch import names as architectures
from arch.errors import UnknownArchitecture
from probes.finding import PRESENT, Finding
from probes.host import Outcome
from probes.inquiry import Inquiry, names
from probes.judgement import judge, needs_power, powerless

FOLDER = "/proc/sys/fs/binfmt_misc"
# A kernel that runs one architecture itself may run a second: by name of the first
COMPAT = {"x86_64": "i386", "arm64": "arm"}


@dataclass(frozen=True)
class Handler:
    """A registered interpreter. Flags: F it was opened at registration, so it works in other roots; C the program's
    own credentials count, so set-uid programs work; P argv[0] is kept; O the program comes as a descriptor."""

    name: str
    enabled: bool
    interpreter: str
    flags: str
    architecture: str


def findings(inquiry: Inquiry, native: str) -> list[Finding]:
    handlers = registered(inquiry)
    answers = [_binfmt(inquiry, handlers)]
    return answers + [_one(inquiry, architecture, native, handlers) for architecture in architectures.ALL]


def registered(inquiry: Inquiry) -> tuple[Handler, ...]:
    registered_ = [name for name in names(inquiry.host, FOLDER) if name not in ("register", "status")]
    return tuple(parse(name, inquiry.read(f"{FOLDER}/{name}")) for name in registered_)


def parse(name: str, text: str) -> Handler:
    """A file of binfmt_misc, as in the kernel's Documentation/admin-guide/binfmt-misc.rst."""
    fields = {}
    lines = text.splitlines()
    for line in lines:
        key, _, value = line.partition(" ")
        fields[key.rstrip(":")] = value.strip()
    magic = fields.get("magic", "")
    return Handler(
        name, lines[:1] == ["enabled"], fields.get("interpreter", ""), fields.get("flags", ""), wanted(magic)
    )


def wanted(magic: str) -> str:
    """The architecture whose ELF header a magic begins with; empty for anything else."""
    try:
        head = bytes.fromhex(magic)
    except ValueError:
        return ""
    if len(head) < 20 or head[:4] != b"\x7fELF":
        return ""
    order = "big" if head[5] == 2 else "little"
    machine = int.from_bytes(head[18:20], "big" if order == "big" else "little")
    try:
        return architectures.by_elf(machine, 64 if head[4] == 2 else 32, order).name
    except UnknownArchitecture:
        return ""


def _binfmt(inquiry: Inquiry, handlers: tuple[Handler, ...]) -> Finding:
    name = "emulation.binfmt_misc"
    if "register" in names(inquiry.host, FOLDER):
        evidence = tuple(_describe(handler) for handler in handlers)
        return Finding(
            name,
            PRESENT,
            f"mounted, with {len(handlers)} handler{'s' if len(handlers) != 1 else ''}",
            evidence,
            value="mounted",
        )
    if needs_power(inquiry.circumstances):
        return powerless(name, inquiry.circumstances)
    arguments = (inquiry.circumstances.store, inquiry.circumstances.mode, "binfmt_misc")
    answer = judge(name, inquiry.attempt("mount.kind", *arguments), inquiry.circumstances, value="unmounted")
    if answer.present:
        answer.reason = "the kernel has it; it is not mounted"
    return answer


def _describe(handler: Handler) -> str:
    state = "" if handler.enabled else ", disabled"
    return f"{handler.name}: {handler.interpreter} flags {handler.flags or 'none'}{state}"


def _one(
    inquiry: Inquiry, architecture: architectures.Architecture, native: str, handlers: tuple[Handler, ...]
) -> Finding:
    """`value`: native, compat, binfmt, or the path of an emulator that could be called by name."""
    name = f"emulation.{architecture.name}"
    outcome = inquiry.attempt("emulation.run", inquiry.circumstances.store, architecture.name)
    own = [handler for handler in handlers if handler.architecture == architecture.name]
    program = _emulator(inquiry, architecture)
    answer = judge(name, outcome, inquiry.circumstances, value=_how(outcome, architecture.name, native, own) or program)
    answer.evidence += tuple(f"binfmt_misc: {_describe(handler)}" for handler in own)
    if outcome.ok:
        answer.reason = f"{answer.value}: {outcome.detail}" if answer.value else outcome.detail
        if answer.value == "binfmt":
            answer.evidence += tuple(weaknesses(own))
        return answer
    if program:
        answer.evidence += (f"emulator: {program}",)
        answer.reason += f"; {program} could be called by name"
    if any(not handler.enabled for handler in own):
        answer.reason = "an interpreter is registered, and disabled"
        answer.remedy = f"echo 1 > {FOLDER}/{own[0].name}"
    return answer


def _how(outcome: Outcome, architecture: str, native: str, handlers: list[Handler]) -> str:
    """Empty also where nobody can say: what an emulator shows is its own machine, and handlers may be hidden."""
    if not outcome.ok or not (native or handlers):
        return ""
    if architecture == native:
        return "native"
    return "compat" if COMPAT.get(native) == architecture else "binfmt"


def _emulator(inquiry: Inquiry, architecture: architectures.Architecture) -> str:
    for suffix in ("-static", ""):
        path = inquiry.program(f"qemu-{architecture.qemu_user}{suffix}")
        if path:
            return path
    return ""


def weaknesses(handlers: list[Handler]) -> list[str]:
    """What a handler's flags will cost inside a container."""
    said = []
    for handler in handlers:
        if "F" not in handler.flags:
            said.append(f"{handler.name} has no flag F: the interpreter must exist inside every image")
        if "C" not in handler.flags:
            said.append(f"{handler.name} has no flag C: set-uid programs (su, sudo, ping) gain nothing")
    return said
