"""An image that buildah committed, out of a root filesystem and from scratch."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.runtime.images.conftest import Store

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("buildah") is None, reason="buildah is not installed"),
]


class Buildah:
    """With storage of its own; the vfs driver needs no mount."""

    def __init__(self, folder: Path) -> None:
        policy = folder / "policy.json"
        policy.write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
        self._options = ["--root", f"{folder}/root", "--runroot", f"{folder}/run", "--storage-driver", "vfs"]
        self._push = ["--signature-policy", str(policy)]

    def __call__(self, command: str, *arguments: str) -> str:
        policy = self._push if command in ("commit", "push") else []
        done = subprocess.run(
            ["buildah", *self._options, command, *policy, *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"buildah {command} {arguments}: {done.stderr}"
        return done.stdout.strip()


@pytest.mark.parametrize(("form", "target"), [("oci", "oci-archive"), ("docker", "docker-archive")])
def test_an_image_that_buildah_committed_loads(store: Store, tmp_path: Path, form: str, target: str) -> None:
    buildah = Buildah(tmp_path)
    container = buildah("from", "scratch")
    (tmp_path / "file").write_text("hello")
    buildah("copy", container, str(tmp_path / "file"), "/file")
    buildah("config", "--env", "A=b", "--cmd", "/file", "--author", "me", container)
    buildah("commit", "--format", form, container, "localhost/built:1")
    archive = f"{tmp_path}/built.tar"
    buildah("push", "localhost/built:1", f"{target}:{archive}:localhost/built:1")
    assert store.load(archive) == ["localhost/built:1"]
    image = store.find("built:1")
    assert "A=b" in image.config["config"]["Env"]
    assert store.content("built:1") == {"file": "hello"}
