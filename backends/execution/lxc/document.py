"""An lxc configuration as text, and the pieces that it is put together from. Pure."""

from __future__ import annotations

from backends.execution.configuration import refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from backends.execution.lxc.dialect import Dialect

_ESCAPES = (("\\", "\\134"), (" ", "\\040"), ("\t", "\\011"), ("\n", "\\012"))


class Entry:
    """One lxc.mount.entry; `source` is a path for those that bind, whose target is a file if that is none."""

    __slots__ = ("kind", "options", "source", "target")

    def __init__(self, source: str, target: str, kind: str, options: list[str]) -> None:
        self.source = source
        self.target = target
        self.kind = kind
        self.options = options

    def text(self, is_folder: Callable[[str], bool]) -> str:
        """In the manner of fstab(5), with the target relative to the container's root."""
        folder = self.kind != "none" or is_folder(self.source)
        options = [*self.options, f"create={'dir' if folder else 'file'}"]
        fields = (self.source, self.target.lstrip("/"), self.kind, ",".join(options))
        return " ".join([*map(_escaped, fields), "0", "0"])


class Document:
    """Keys and values in order; a value may be an Entry, which is written once it is known what its source is."""

    __slots__ = ("_lines", "dialect")

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._lines: list[tuple[str, str | Entry]] = []

    def add(self, key: str, value: str, path: str, below: str = "") -> None:
        """`key` as LXC 2.1 has it, with `below` behind it ("lxc.sysctl" + "net.ipv4.ip_forward"); `path` of config.json
        is for the refusal. UnsupportedConfiguration, also for what a line cannot hold."""
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
        if quoted or "\n" in value or value != value.strip():
            raise refuse(path, f"an lxc configuration cannot hold {value!r}: it strips blanks and quotation marks")
        word = self.dialect.word(key, path)
        self._lines.append((f"{word}.{below}" if below else word, value))

    def mount(self, entry: Entry) -> None:
        self._lines.append(("lxc.mount.entry", entry))

    def text(self, is_folder: Callable[[str], bool]) -> str:
        lines = []
        for key, value in self._lines:
            told = value.text(is_folder) if isinstance(value, Entry) else value
            lines.append(f"{key} = {told}".rstrip() + "\n")
        return "".join(lines)


def _escaped(field: str) -> str:
    for character, escape in _ESCAPES:
        field = field.replace(character, escape)
    return field
