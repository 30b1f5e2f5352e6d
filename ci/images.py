"""Makes the root filesystems that the tests and the benchmark run: Debian's, by mmdebstrap, as tar archives.

    python3 ci/images.py NAME...        prints the path of each archive, made if it is not there

They are kept outside the repository, in $RUNTIME_CI_CACHE or ~/.cache/runtime-ci, under a name that says what went in.
Nothing of the image is run on the way but its packages' own scripts, in a chroot.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    suite: str
    variant: str = "minbase"
    packages: tuple[str, ...] = ()


RECIPES = {
    "bookworm": Recipe("bookworm"),
    "trixie": Recipe("trixie"),
    # What people run: an interpreter, a database, a daemon that forks.
    "services": Recipe("bookworm", packages=("python3", "postgresql", "nginx-light", "procps")),
    # As large as a usual application image; what the load of an image is timed with.
    "large": Recipe("bookworm", variant="important", packages=("python3", "perl", "git")),
}
_EPOCH = "1700000000"  # SOURCE_DATE_EPOCH: the same packages make the same archive


def cache() -> str:
    return os.environ.get("RUNTIME_CI_CACHE") or os.path.expanduser("~/.cache/runtime-ci")


def path(name: str) -> str:
    recipe = RECIPES[name]
    key = hashlib.sha256(repr(recipe).encode()).hexdigest()[:12]
    return f"{cache()}/{name}-{key}.tar"


def make(name: str) -> str:
    """The archive's path. CalledProcessError with mmdebstrap's own words if it fails."""
    archive = path(name)
    if os.path.exists(archive):
        return archive
    recipe = RECIPES[name]
    os.makedirs(cache(), exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache()) as folder:
        unfinished = f"{folder}/root.tar"
        command = ["mmdebstrap", "--quiet", f"--variant={recipe.variant}", "--mode=root"]
        command += [f"--include={','.join(recipe.packages)}"] if recipe.packages else []
        command += [recipe.suite, unfinished]
        subprocess.run(command, check=True, env={**os.environ, "SOURCE_DATE_EPOCH": _EPOCH}, stdin=subprocess.DEVNULL)
        os.rename(unfinished, archive)
    return archive


def main() -> None:
    for name in sys.argv[1:] or RECIPES:
        print(make(name), flush=True)


if __name__ == "__main__":
    main()
