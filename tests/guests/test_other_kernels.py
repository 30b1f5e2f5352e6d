"""The same live tests under a kernel that has what this one lacks, and lacks what this one has.

The guest is user-mode-linux 6.1 (see ci/guest.py): cgroup v2 with its controllers, v1 with several controllers in one
hierarchy, no cgroups at all, no overlay.
"""

from __future__ import annotations

import sys

import pytest

from ci import guest

CGROUPS = tuple(f"tests/backends/cgroups/test_{name}.py" for name in ("enforcement", "members", "versions"))
# That kernel has no cpuset controller.
LIMITS = ("tests/live/test_limits.py", "-k", "not cpuset and not cpus_given and not 4000")


@pytest.mark.live
@pytest.mark.parametrize(
    ("cgroups", "overlay", "chosen"),
    [
        ("v2", True, (*CGROUPS, *LIMITS)),
        ("v1", True, CGROUPS),
        ("hybrid", False, ("tests/live/test_identity.py", "-k", "user or group")),
        ("none", False, ("tests/guests/without_cgroups.py",)),
        ("v2", True, ("tests/guests/without_namespaces.py",)),
        ("v2", True, ("tests/runtime/oci/test_systemd_live.py", "-k", "units_again or goes_the_unit")),
    ],
    ids=[
        "cgroup v2",
        "cgroup v1 combined",
        "hybrid, no overlay",
        "no cgroups, no overlay",
        "no namespaces",
        "systemd, cgroup v2",
    ],
)
def test_containers_run_there_too(cgroups: str, overlay: bool, chosen: tuple[str, ...]) -> None:
    if not guest.available():
        pytest.skip(f"program.{guest.KERNEL}: not installed (Debian's package user-mode-linux)")
    pytest_there = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--color=no"]
    status, output = guest.run([*pytest_there, *chosen], cgroups, overlay, timeout=500)
    assert status == 0, output[-6000:]
    assert " passed" in output, output
