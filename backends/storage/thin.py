"""What thin provisioning's targets say and want to hear (the kernel's
Documentation/admin-guide/device-mapper/thin-provisioning.rst). Pure, and on the launch path."""

from __future__ import annotations

from backends.errors import StorageError

SECTOR = 512
BLOCK = 128  # sectors: 64 KiB, the smallest there is, and what snapshots that change little want
BASE = 0  # the device with an empty file system, of which every layer without a parent is a snapshot
MOST_DEVICES = 1 << 24

_REPAIR = (
    "stop every container, then have `thin_check` and `thin_repair` (Debian's thin-provisioning-tools) look at the"
    " pool's metadata"
)


class PoolStatus:
    """`used` and `total` are blocks of data, `metadata_used` and `metadata_total` of metadata. `mode` is "rw", "ro",
    "out_of_data_space" or "Fail"."""

    __slots__ = ("metadata_total", "metadata_used", "mode", "needs_check", "total", "transaction", "used")

    def __init__(
        self,
        transaction: int,
        metadata: tuple[int, int],
        data: tuple[int, int],
        mode: str = "rw",
        needs_check: bool = False,
    ) -> None:
        self.transaction = transaction
        self.metadata_used, self.metadata_total = metadata
        self.used, self.total = data
        self.mode = mode
        self.needs_check = needs_check

    @property
    def free(self) -> int:
        """Bytes of data."""
        return (self.total - self.used) * BLOCK * SECTOR


def parse(text: str) -> PoolStatus:
    """A pool's status line. Kernels before 3.3 end it with the held root; the mode came with 3.6. StorageError."""
    words = text.split()
    if words and words[0] in ("Fail", "Error"):
        return PoolStatus(0, (0, 0), (0, 0), "Fail")
    try:
        transaction = int(words[0])
        metadata, data = (_pair(word) for word in words[1:3])
    except (IndexError, ValueError):
        raise StorageError(
            f"the pool's status is not understood: {text!r}", "report this with the kernel's version"
        ) from None
    modes = [word for word in words[3:] if word in ("rw", "ro", "out_of_data_space")]
    return PoolStatus(transaction, metadata, data, modes[0] if modes else "rw", "needs_check" in words)


def _pair(word: str) -> tuple[int, int]:
    used, _, total = word.partition("/")
    return int(used), int(total)


def trouble(status: PoolStatus) -> StorageError | None:
    """Why a pool takes nothing more, and what to do."""
    if status.mode == "Fail":
        return StorageError("the thin pool has failed: its metadata cannot be read or written", _REPAIR)
    if status.needs_check:
        return StorageError("the thin pool's metadata is damaged (needs_check)", _REPAIR)
    if status.mode == "ro":
        return StorageError("the thin pool is read-only: the kernel met an error in its metadata", _REPAIR)
    if status.mode == "out_of_data_space":
        return StorageError(
            f"the thin pool is full (ENOSPC): {status.used} of {status.total} blocks are taken",
            "free space on the disk that holds the pool, or remove containers and images; the pool grows when it can",
        )
    return None


def pool_table(metadata: str, data: str, low_water: int, error_if_full: bool) -> str:
    """Blocks need not be zeroed first, because nobody but a file system reads them. A full pool is to say so (Linux
    3.15) and not to let writers wait for a minute."""
    features = ["skip_block_zeroing", *(["error_if_no_space"] if error_if_full else [])]
    return f"{metadata} {data} {BLOCK} {low_water} {len(features)} {' '.join(features)}"


def thin_table(pool: str, device: int) -> str:
    return f"{pool} {device}"


def metadata_size(data: int) -> int:
    """Bytes: 48 for every block, at least 2 MiB and at most 16 GiB, which is the largest that is used; in MiB."""
    wanted = 48 * data // (BLOCK * SECTOR)
    return max(8 << 20, min(wanted, 16 << 30)) >> 20 << 20
