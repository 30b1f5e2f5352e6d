"""The storage suite on device-mapper, under a kernel that has it: user-mode-linux 6.1 (see ci/guest.py)."""

from __future__ import annotations

import sys

import pytest

from ci import guest

# In the order of their needs; what is built in has no file.
MODULES = (
    "block/loop md/dm-mod md/dm-bufio md/dm-bio-prison md/persistent-data/dm-persistent-data md/dm-thin-pool"
).split()
LOAD = "".join(
    f"busybox insmod /usr/lib/uml/modules/$(uname -r)/kernel/drivers/{name}.ko 2>/dev/null; " for name in MODULES
)
SUITE = "tests/backends/storage/test_devicemapper.py"
# By hand, see docs/storage.md: kills at every step, which take minutes; hostile archives, of which no device hears. And
# the guest's own files are on a tmpfs without user attributes, which one test unpacks.
CHOSEN = ("-k", "not killed and not hostile and not climbs and not tar_reads")


@pytest.mark.live
def test_layers_are_kept_on_thin_devices_there() -> None:
    if not guest.available():
        pytest.skip(f"program.{guest.KERNEL}: not installed (Debian's package user-mode-linux)")
    pytest_there = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--color=no"]
    command = ["sh", "-c", f'{LOAD} exec "$@"', "sh", *pytest_there, SUITE, *CHOSEN]
    status, output = guest.run(command, memory=1500, timeout=500)
    assert status == 0, output[-6000:]
    assert " passed" in output, output
    assert "no thin provisioning here" not in output
