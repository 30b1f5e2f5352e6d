"""Inside a chroot whose folder is no mount point: there the kernel refuses to make the root's mounts private."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live.conftest import Runtime

NET = ("--network", "none")
_ENTER = """
mount -t tmpfs -o mode=755 chroot {top} && mkdir {top}/root && cd / &&
for name in *; do
    if [ -L "$name" ]; then cp -P "$name" {top}/root/
    elif [ -d "$name" ]; then mkdir "{top}/root/$name" && mount --rbind "/$name" "{top}/root/$name"
    fi
done
cd /; exec chroot {top}/root sh -c 'cd "$0" && exec "$@"' "{here}" "$@"
"""


class Chrooted(Runtime):
    top: Path

    def command(self, *arguments: str) -> list[str]:
        setup = _ENTER.format(top=self.top, here=Path(__file__).parents[2])
        return ["unshare", "--mount", "sh", "-ec", setup, "sh", *super().command(*arguments)]


@pytest.fixture
def chrooted(runtime: Runtime, tmp_path: Path) -> Runtime:
    made = Chrooted(runtime.root, runtime.state)
    object.__setattr__(made, "top", tmp_path)  # the class is frozen
    return made


def test_a_container_runs_there(chrooted: Runtime) -> None:
    assert chrooted("run", "--rm", *NET, "@host", "echo", "inside").stdout == "inside\n"


def test_it_sees_the_same_there_as_outside(chrooted: Runtime, runtime: Runtime) -> None:
    script = "cut -d' ' -f5 /proc/self/mountinfo; ls /"
    there, outside = (one("run", "--rm", *NET, "@host", "sh", "-c", script).stdout for one in (chrooted, runtime))
    assert there == outside


def test_nothing_of_it_shows_in_the_mounts_outside(chrooted: Runtime) -> None:
    before = Path("/proc/self/mountinfo").read_text()
    chrooted("run", "--rm", *NET, "@host", "true")
    assert Path("/proc/self/mountinfo").read_text() == before
