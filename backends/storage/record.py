"""What is known of one layer, as lines of text: the launch path reads them without a parser's import."""

from __future__ import annotations

import os

from backends.errors import StorageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    pass

_FIRST_LINE = "runtime layer 1"
_FILE = "layer"


class Record:
    """`links` are the short names of what lies below, topmost first, as overlay wants them; `link` is its own, which
    only read-only layers have. `born` is the time, in ns, up to which its files' change times are its maker's."""

    __slots__ = ("born", "link", "links", "name", "parent", "size")

    def __init__(
        self,
        name: str,
        parent: str | None,
        link: str = "",
        links: tuple[str, ...] = (),
        size: int = 0,
        born: int = 0,
    ) -> None:
        self.name = name
        self.parent = parent
        self.link = link
        self.links = links
        self.size = size
        self.born = born

    @property
    def writable(self) -> bool:
        return not self.link

    def text(self) -> str:
        fields = (
            _FIRST_LINE,
            f"name {self.name}",
            f"parent {self.parent or '-'}",
            f"link {self.link or '-'}",
            f"size {self.size}",
            f"born {self.born}",
            f"links {' '.join(self.links)}",
        )
        return "\n".join(fields) + "\nend\n"


def read(folder: str) -> Record:
    """The record in a layer's folder. FileNotFoundError; StorageError for a damaged one."""
    path = f"{folder}/{_FILE}"
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        text = os.read(descriptor, 1 << 16).decode("ascii", "replace")
    finally:
        os.close(descriptor)
    lines = text.split("\n")
    if lines[0] != _FIRST_LINE or lines[-2:] != ["end", ""]:
        raise StorageError(f"{path}: not a whole layer record", "remove the layer's images and load them again")
    fields = {key: value for key, _, value in (line.partition(" ") for line in lines[1:-2])}
    try:
        return Record(
            fields["name"],
            None if fields["parent"] == "-" else fields["parent"],
            "" if fields["link"] == "-" else fields["link"],
            tuple(fields["links"].split()),
            int(fields["size"]),
            int(fields["born"]),
        )
    except (KeyError, ValueError) as error:
        raise StorageError(
            f"{path}: a damaged layer record ({error})", "remove the layer's images and load them again"
        ) from error


def write(folder: str, record: Record) -> None:
    """Into a folder that nobody else sees yet: a plain write will do."""
    descriptor = os.open(f"{folder}/{_FILE}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, record.text().encode("ascii"))
    finally:
        os.close(descriptor)
