"""What a thin pool is made of, on disk beside it. On the launch path: lines of text."""

from __future__ import annotations

import os

from backends.errors import StorageError

_FIRST = "runtime pool 1"


class PoolRecord:
    """`transaction` is the one that was last begun; `based`: the base device has its file system; `sectors` is the size
    of every layer's device; `data` and `metadata` are devices that were given, empty for files of our own."""

    __slots__ = ("based", "data", "filesystem", "metadata", "sectors", "transaction")

    def __init__(
        self,
        sectors: int,
        filesystem: str,
        data: str = "",
        metadata: str = "",
        transaction: int = 0,
        based: bool = False,
    ) -> None:
        self.sectors = sectors
        self.filesystem = filesystem
        self.data = data
        self.metadata = metadata
        self.transaction = transaction
        self.based = based

    def text(self) -> str:
        fields = (
            f"transaction {self.transaction}",
            f"based {int(self.based)}",
            f"sectors {self.sectors}",
            f"filesystem {self.filesystem}",
            f"data {self.data}",
            f"metadata {self.metadata}",
        )
        return "\n".join((_FIRST, *fields, "end")) + "\n"


def read(path: str) -> PoolRecord | None:
    """None where there is none. StorageError for a damaged one."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        text = os.fsdecode(os.read(descriptor, 1 << 14))
    finally:
        os.close(descriptor)
    lines = text.split("\n")
    fields = {key: value for key, _, value in (line.partition(" ") for line in lines[1:-2])}
    try:
        if lines[0] != _FIRST or lines[-2:] != ["end", ""]:
            raise ValueError("it is not whole")
        return PoolRecord(
            int(fields["sectors"]),
            fields["filesystem"],
            fields["data"],
            fields["metadata"],
            int(fields["transaction"]),
            fields["based"] == "1",
        )
    except (KeyError, ValueError) as error:
        raise StorageError(f"{path}: a damaged record of a thin pool ({error})", "restore it from a copy") from error


def write(path: str, record: PoolRecord) -> None:
    """Whole, also when the power fails."""
    made = path + ".new"
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, os.fsencode(record.text()))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.rename(made, path)
    folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
