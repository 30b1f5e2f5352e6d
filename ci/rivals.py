"""What the benchmark gives to both sides: one root filesystem as an image archive for us, and as bundles for runc."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

from arch import native
from backends.security.capabilities import DEFAULT
from backends.security.profile import default_profile


def image_archive(folder: Path, layer: str) -> tuple[Path, str]:
    """A docker archive of one layer, and its image's name. The layer's bytes are not copied into memory."""
    name = f"benchmark/{Path(layer).stem.split('-')[0]}:latest"
    config = {
        "architecture": {"x86_64": "amd64", "i386": "386"}.get(native.machine(), native.machine()),
        "os": "linux",
        "config": {"Cmd": ["/bin/sh"], "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{_digest(layer)}"]},
    }
    text = json.dumps(config).encode()
    config_name = hashlib.sha256(text).hexdigest() + ".json"
    manifest = [{"Config": config_name, "RepoTags": [name], "Layers": ["layer.tar"]}]
    archive = folder / (Path(layer).stem + "-image.tar")
    with tarfile.open(archive, "w") as file:
        _add(file, config_name, text)
        _add(file, "manifest.json", json.dumps(manifest).encode())
        file.add(layer, "layer.tar")
    return archive, name


def _digest(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def bundle(folder: Path, layer: str) -> Path:
    """A bundle as `runc spec` writes it, of the layer unpacked, that runs /bin/true without a terminal."""
    made = folder / "bundle"
    rootfs = made / "rootfs"
    rootfs.mkdir(parents=True)
    subprocess.run(["tar", "-x", "--numeric-owner", "-C", str(rootfs), "-f", layer], check=True)
    subprocess.run(["runc", "spec", "--bundle", str(made)], check=True)
    config = _read(made)
    config["process"].update(terminal=False, args=["/bin/true"])
    config["root"].update(path=str(rootfs), readonly=False)
    (made / "config.json").write_text(json.dumps(config))
    return made


def with_command(bundle: Path, *command: str) -> Path:
    config = _read(bundle)
    config["process"]["args"] = list(command)
    return _variant(bundle, "command", config)


def with_filter(bundle: Path) -> Path:
    """The bundle with the seccomp profile that our containers have: `runc spec` writes none."""
    config = _read(bundle)
    kernel = tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])
    config["linux"]["seccomp"] = default_profile(native.machine(), DEFAULT, kernel)
    return _variant(bundle, "filter", config)


def _read(bundle: Path) -> dict[str, Any]:
    config: dict[str, Any] = json.loads((bundle / "config.json").read_text())
    return config


def _variant(bundle: Path, kind: str, config: dict[str, Any]) -> Path:
    made = bundle.parent / f"bundle-{kind}"
    made.mkdir(exist_ok=True)
    (made / "config.json").write_text(json.dumps(config))
    return made
