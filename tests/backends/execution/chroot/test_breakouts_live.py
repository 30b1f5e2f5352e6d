"""The classic ways out of a chroot, each tried from inside a container that is executed by chroot."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from backends.execution.chroot.breakouts import WAYS
from probes.host import Trial
from probes.live import LiveHost

pytestmark = pytest.mark.live

_BREAKOUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "breakout.py")
_OUTSIDE = ("/usr/lib", "/lib", "/lib64")  # what the interpreter is linked with
_THROUGH_OTHERS = {"root of an outsider", "folder of an outsider", "trace an outsider"}


@pytest.fixture
def outsider() -> Iterator[int]:
    """A process of an ordinary user outside."""
    with subprocess.Popen(["sleep", "1000"], user=1234, group=1234, extra_groups=[], cwd="/") as process:
        yield process.pid
        process.kill()


def _bundle(rootfs: str, bundles: ModuleType, outsider: int, kinds: tuple[str, ...]) -> dict[str, Any]:
    shutil.copy(sys.executable, f"{rootfs}/python")  # no container may execute the launcher's own
    granted = [name for name in bundles.CAPABILITIES if name not in WAYS]
    bundle: dict[str, Any] = bundles.make_bundle(
        "/python",
        "-S",
        "/breakout.py",
        str(outsider),
        hostname=None,
        process__capabilities=dict.fromkeys(("bounding", "effective", "permitted"), granted),
        process__env=[f"PYTHONHOME={sys.base_prefix}"],
        linux__namespaces=bundles.namespaces(*kinds),
    )
    sources = [_BREAKOUT, sys.base_prefix, *(path for path in _OUTSIDE if os.path.isdir(path))]
    for source in sources:
        target = "/breakout.py" if source == _BREAKOUT else source
        bundle["mounts"].append({"destination": target, "source": source, "options": ["bind", "ro"]})
    return bundle


@pytest.mark.parametrize("kinds", [("mount",), ("mount", "uts", "ipc", "network", "cgroup")], ids=" ".join)
def test_no_classic_way_leads_out(
    run: Any, rootfs: str, bundles: ModuleType, outsider: int, kinds: tuple[str, ...]
) -> None:
    if not LiveHost().attempt(Trial("lsm.landlock")).ok:
        pytest.skip("lsm.landlock: not in this kernel")
    found = run(_bundle(rootfs, bundles, outsider, kinds), backend="chroot", report={"lsm.landlock": "present"})
    assert found.stdout, found
    told = json.loads(found.stdout)
    assert {name for name, end in told.items() if end == "out"} == {"signal an outsider"}, told


def test_without_landlock_other_processes_roots_are_open_so_a_root_of_its_own_is_not_promised(
    run: Any, rootfs: str, bundles: ModuleType, outsider: int
) -> None:
    found = run(_bundle(rootfs, bundles, outsider, ("mount",)), backend="chroot", report={"lsm.landlock": "absent"})
    assert found.stdout, found
    told = json.loads(found.stdout)
    assert {name for name, end in told.items() if end == "out"} == {"signal an outsider", *_THROUGH_OTHERS}, told


@pytest.mark.parametrize("name", WAYS)
def test_a_capability_that_leads_out_is_refused(run: Any, bundles: ModuleType, name: str) -> None:
    bundle = bundles.make_bundle(
        process__capabilities={"bounding": [name]}, linux__namespaces=bundles.namespaces("mount"), hostname=None
    )
    refused = run(bundle, backend="chroot")
    assert refused.error == "UnsupportedConfiguration"
    assert name in refused.text
    assert "process.capabilities.bounding" in refused.text


@pytest.mark.parametrize("kind", ["pid", "user", "time"])
def test_a_namespace_that_chroot_has_not_is_refused(run: Any, bundles: ModuleType, kind: str) -> None:
    bundle = bundles.make_bundle(linux__namespaces=bundles.namespaces("mount", kind), process__capabilities={})
    refused = run(bundle, backend="chroot")
    assert refused.error == "UnsupportedConfiguration"
    assert f"no {kind} namespace" in refused.text
