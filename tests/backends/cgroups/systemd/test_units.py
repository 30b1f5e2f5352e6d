"""Finding systemd, and what is said where it does not answer."""

from __future__ import annotations

import os

import pytest

from backends.cgroups.systemd.units import Systemd, sockets
from backends.errors import CgroupError


def test_a_users_manager_is_found_by_the_environment() -> None:
    environment = {
        "XDG_RUNTIME_DIR": "/run/user/7",
        "DBUS_SESSION_BUS_ADDRESS": "tcp:host=x;unix:path=/tmp/bus,guid=1;unix:abstract=/tmp/other",
    }
    assert sockets(True, environment) == [
        ("/run/user/7/systemd/private", False),
        ("/tmp/bus", True),
        ("\0/tmp/other", True),
        ("/run/user/7/bus", True),
    ]


def test_without_an_environment_a_user_has_none() -> None:
    assert sockets(True, {}) == []


@pytest.mark.skipif(os.path.isdir("/run/systemd/system"), reason="init.system: it is systemd here")
def test_where_systemd_does_not_run_that_is_said() -> None:
    with pytest.raises(CgroupError, match="does not run here") as caught:
        Systemd(rootless=False)
    assert "--systemd-cgroup" in caught.value.hint
