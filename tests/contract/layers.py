"""Making layer archives for tests with Python's own tarfile: another writer than the one that is tested."""

from __future__ import annotations

import io
import tarfile
from typing import Any, BinaryIO


def file(name: str, content: bytes = b"", **more: Any) -> tuple[tarfile.TarInfo, bytes]:
    info = _info(name, tarfile.REGTYPE, {"mode": 0o644, **more})
    info.size = len(content)
    return info, content


def folder(name: str, **more: Any) -> tuple[tarfile.TarInfo, bytes]:
    return _info(name, tarfile.DIRTYPE, {"mode": 0o755, **more}), b""


def link(name: str, target: str, **more: Any) -> tuple[tarfile.TarInfo, bytes]:
    return _info(name, tarfile.SYMTYPE, {"linkname": target, "mode": 0o777, **more}), b""


def hard_link(name: str, target: str, **more: Any) -> tuple[tarfile.TarInfo, bytes]:
    return _info(name, tarfile.LNKTYPE, {"linkname": target, **more}), b""


def device(name: str, major: int, minor: int, **more: Any) -> tuple[tarfile.TarInfo, bytes]:
    return _info(name, tarfile.CHRTYPE, {"devmajor": major, "devminor": minor, "mode": 0o600, **more}), b""


def fifo(name: str, **more: Any) -> tuple[tarfile.TarInfo, bytes]:
    return _info(name, tarfile.FIFOTYPE, {"mode": 0o600, **more}), b""


def whiteout(name: str) -> tuple[tarfile.TarInfo, bytes]:
    head, slash, last = name.rpartition("/")
    return file(f"{head}{slash}.wh.{last}")


def opaque(name: str) -> tuple[tarfile.TarInfo, bytes]:
    return file(f"{name}/.wh..wh..opq" if name else ".wh..wh..opq")


def _info(name: str, kind: bytes, more: dict[str, Any]) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.mtime = 1_000_000_000
    xattrs = more.pop("xattrs", {})
    info.pax_headers = {
        f"SCHILY.xattr.{key}": value.decode("utf-8", "surrogateescape") for key, value in xattrs.items()
    }
    for key, value in more.items():
        setattr(info, key, value)
    return info


def layer(*entries: tuple[tarfile.TarInfo, bytes], kind: int = tarfile.PAX_FORMAT) -> BinaryIO:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=kind) as archive:
        for info, content in entries:
            archive.addfile(info, io.BytesIO(content))
    target.seek(0)
    return target
