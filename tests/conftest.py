from __future__ import annotations

import glob
import os
import time

import hypothesis
import pytest

# What our containers, and those that other engines run with us, have their cgroups in.
_PARENTS = ("runtime", "runtime-oci", "runtime-oci-tests", "libpod_parent")
_FRESH = 60.0  # seconds: what is empty then may be that of a container somebody is about to start


# A test that takes long is not wrong: machines in CI are busy, and those in QEMU are slow.
hypothesis.settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unhurried")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """These folders stay between containers; after the last test nothing is to stay."""
    if hasattr(session.config, "workerinput"):
        return  # other workers may still be at work
    for parent in _PARENTS:
        for top in glob.glob(f"/sys/fs/cgroup/*/{parent}") + glob.glob(f"/sys/fs/cgroup/{parent}"):
            for folder, _, _ in os.walk(top, topdown=False):
                try:
                    if folder == top or time.time() - os.stat(folder).st_ctime > _FRESH:
                        os.rmdir(folder)
                except OSError:
                    continue  # not empty: somebody's containers run
