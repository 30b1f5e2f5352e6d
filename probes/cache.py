"""The host's report, kept until something changes that it rests on. On the launch path: reading it is all that most
commands know of this room, so it imports nothing of the survey.

A file that is damaged, foreign or of another time is as good as none: the host is asked again.
"""

from __future__ import annotations

import binascii
import marshal
import os

from arch.mask import worn
from probes.errors import BadReport
from probes.report import SCHEMA, HostReport

_MAGIC = b"runtime host report\n"
_HERE = os.path.dirname(os.path.abspath(__file__))
# What of /proc/self/status decides what we may do. Filters are counted since Linux 5.9.
_STATUS = ("CapEff:", "CapBnd:", "NoNewPrivs:", "Seccomp:", "Seccomp_filters:")


def report(folder: str, store: str, fresh: bool = False) -> HostReport:
    """This host's report, for a store in `store`; from `folder` if it is there and still true, else asked anew and kept
    there. A folder that cannot be written to is no error: then the next command asks again."""
    key = circumstances(store)
    if not fresh:
        kept = load(path(folder, store), key)
        if kept is not None:
            return kept
    from probes.live import LiveHost
    from probes.survey import survey

    answer = survey(LiveHost(), store)
    keep(folder, store, key, answer)
    return answer


def path(folder: str, store: str) -> str:
    """Where the report of this user, these privileges and this store is kept. Whoever comes with others, a service say,
    has a file of its own, so that the two do not make each other ask again and again."""
    ours = (store, *_privileges(), *_namespaces(), _mask())
    return f"{folder}/{os.geteuid()}-{binascii.crc32(os.fsencode(repr(ours))):08x}.report"


def circumstances(store: str) -> tuple[object, ...]:
    """Everything a report rests on: boot, kernel, program, interpreter, user, privileges, namespaces, mask, store."""
    return (
        SCHEMA,
        _first_line("/proc/sys/kernel/random/boot_id"),
        os.uname().release,
        tuple(_changed(folder) for folder in (_HERE, _HERE + "/trials")),
        os.geteuid(),
        _privileges(),
        _namespaces(),
        _mask(),
        _root(),
        store,
        _device(store),
    )


def load(file: str, key: tuple[object, ...] | None) -> HostReport | None:
    """The report in `file` if it was written by us under the same circumstances, else None. Without a key whatever is
    there: for a process that was just started by one that has compared them."""
    content = _owned(file)
    head = len(_MAGIC) + 4
    if not content.startswith(_MAGIC) or len(content) < head:
        return None
    body = content[head:]
    if binascii.crc32(body).to_bytes(4, "big") != content[len(_MAGIC) : head]:
        return None  # marshal must not see damaged data
    try:
        kept, data = marshal.loads(body)
        return HostReport.from_dict(data) if key in (None, kept) else None
    except (BadReport, ValueError, TypeError, EOFError):
        return None


def keep(folder: str, store: str, key: tuple[object, ...], answer: HostReport) -> None:
    """Writes the report for the next command; where that is not possible, the next one asks again."""
    body = marshal.dumps((key, answer.as_dict()), 2)  # type: ignore[arg-type]
    target = path(folder, store)
    temporary = f"{target}.{os.getpid()}"
    try:
        os.makedirs(folder, 0o700, exist_ok=True)
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(_MAGIC + binascii.crc32(body).to_bytes(4, "big") + body)
        os.rename(temporary, target)
    except OSError:
        try:
            os.unlink(temporary)
        except OSError:
            return


def _owned(file: str) -> bytes:
    """The content, if the file is ours and nobody else can write to it: it decides how containers are confined."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return b""
    with open(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid() or status.st_mode & 0o022:
            return b""
        return stream.read()


def _first_line(file: str) -> str:
    try:
        with open(file, "rb") as stream:
            return stream.readline().decode("ascii", "replace").strip()
    except OSError:
        return ""


def _privileges() -> tuple[str, ...]:
    try:
        with open("/proc/self/status", "rb") as stream:
            lines = stream.read().decode("ascii", "replace").split("\n")
    except OSError:
        return ()
    return tuple(line for line in lines if line.startswith(_STATUS))


def _namespaces() -> tuple[str, ...]:
    return tuple(_target(f"/proc/self/ns/{kind}") for kind in ("user", "mnt", "cgroup"))


def _mask() -> tuple[int, ...]:
    """Behind a mask the kernel is another one."""
    mask = worn()
    return mask.words() if mask else ()


def _target(link: str) -> str:
    try:
        return os.readlink(link)
    except OSError:
        return ""


def _root() -> tuple[int, int]:
    """Inside a chroot the kernel refuses what it grants outside."""
    status = os.stat("/")
    return status.st_dev, status.st_ino


def _changed(folder: str) -> int:
    """Replacing a file, as installing does, changes its folder's time."""
    return os.stat(folder).st_mtime_ns


def _device(store: str) -> int:
    """The file system that the store is on, or would be."""
    while True:
        try:
            return os.stat(store).st_dev
        except OSError:
            if store in ("", "/"):
                return 0
            store = os.path.dirname(store)
