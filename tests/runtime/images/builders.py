"""Images and archives of every form, made byte by byte so that tests can break them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OCI = "application/vnd.oci.image"


def sha256(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def tar(files: Mapping[str, bytes | None]) -> bytes:
    """None stands for a folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            if content is None:
                member.type, member.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(member)
            else:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def layer(**files: str) -> bytes:
    """A layer with those files in its root."""
    return tar({name: content.encode() for name, content in files.items()})


@dataclass
class Made:
    """An image in the making: change anything before it is written down."""

    layers: list[bytes]
    names: list[str] = field(default_factory=lambda: ["made:1"])
    architecture: str = "amd64"
    variant: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def config(self) -> bytes:
        document = {
            "architecture": self.architecture,
            "os": "linux",
            "created": "2020-01-01T00:00:00Z",
            "config": {"Cmd": ["/bin/sh"], "Env": ["A=b"]},
            "rootfs": {"type": "layers", "diff_ids": [sha256(one) for one in self.layers]},
        }
        if self.variant:
            document["variant"] = self.variant
        return json.dumps({**document, **self.extra}).encode()

    @property
    def identifier(self) -> str:
        return sha256(self.config)

    @property
    def platform(self) -> dict[str, str]:
        platform = {"os": "linux", "architecture": self.architecture}
        return {**platform, "variant": self.variant} if self.variant else platform


def docker_files(*images: Made, compress: bool = False) -> dict[str, bytes]:
    """docker save before version 25."""
    files: dict[str, bytes] = {}
    entries = []
    for image in images:
        config = image.identifier[7:] + ".json"
        names = []
        for one in image.layers:
            name = f"{hashlib.sha256(b'v1' + one).hexdigest()}/layer.tar"
            files[name] = gzip.compress(one) if compress else one
            names.append(name)
        files[config] = image.config
        entries.append({"Config": config, "RepoTags": image.names or None, "Layers": names})
    files["manifest.json"] = json.dumps(entries).encode()
    return files


def descriptor(content: bytes, kind: str, **more: Any) -> dict[str, Any]:
    return {"mediaType": f"{OCI}.{kind}", "digest": sha256(content), "size": len(content), **more}


@dataclass
class Layout:
    """An OCI layout as {name: content}."""

    files: dict[str, bytes] = field(default_factory=lambda: {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'})
    entries: list[dict[str, Any]] = field(default_factory=list)

    def blob(self, content: bytes, kind: str, **more: Any) -> dict[str, Any]:
        self.files["blobs/sha256/" + sha256(content)[7:]] = content
        return descriptor(content, kind, **more)

    def manifest(self, image: Made, compressed: bool = False, **more: Any) -> dict[str, Any]:
        kind = "layer.v1.tar+gzip" if compressed else "layer.v1.tar"
        layers = [self.blob(gzip.compress(one, mtime=0) if compressed else one, kind) for one in image.layers]
        document = {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "config": self.blob(image.config, "config.v1+json"),
            "layers": layers,
        }
        return self.blob(json.dumps(document).encode(), "manifest.v1+json", **more)

    def index(self, entries: Sequence[dict[str, Any]], **more: Any) -> dict[str, Any]:
        document = {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": list(entries)}
        return self.blob(json.dumps(document).encode(), "index.v1+json", **more)

    def done(self) -> dict[str, bytes]:
        index = json.dumps({"schemaVersion": 2, "manifests": self.entries}).encode()
        return {**self.files, "index.json": index}


def named(name: str) -> dict[str, Any]:
    return {"annotations": {"org.opencontainers.image.ref.name": name}}


def write(path: Path, files: Mapping[str, bytes]) -> str:
    path.write_bytes(tar(files))
    return str(path)


def write_folder(path: Path, files: Mapping[str, bytes]) -> str:
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return str(path)
