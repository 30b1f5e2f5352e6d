"""linux.netDevices: an interface of the host becomes the container's."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.runtime.oci.conftest import Oci

pytestmark = pytest.mark.live

LINKS = "cut -d: -f1 -s /proc/net/dev | tr -d ' ' | sort | tr '\\n' ' '"


def _ip(*words: str) -> str:
    return subprocess.run(["ip", *words], check=True, stdout=subprocess.PIPE, text=True).stdout


@pytest.fixture
def device() -> Iterator[str]:
    """One end of a pair, up, with addresses; the other end stays."""
    name = f"t{uuid.uuid4().hex[:8]}"
    _ip("link", "add", name, "type", "veth", "peer", "name", f"{name}p")
    _ip("address", "add", "10.97.13.5/24", "broadcast", "10.97.13.255", "dev", name)
    _ip("address", "add", "10.97.13.6/32", "dev", name)
    _ip("address", "add", "fd00:97::5/64", "nodad", "dev", name)
    _ip("address", "add", "169.254.97.5/32", "scope", "link", "dev", name)
    _ip("link", "set", name, "up")
    yield name
    subprocess.run(["ip", "link", "delete", f"{name}p"], check=False, stderr=subprocess.DEVNULL)


def _inside(oci: Oci, *words: str) -> Any:
    target = f"--net=/proc/{oci.state()['pid']}/ns/net"
    command = ["nsenter", target, "ip", "-json", *words]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def _start(oci: Oci, devices: dict[str, Any], **more: Any) -> None:
    oci("run", "--detach", "-b", oci.bundle("sleep", "1000", linux__netDevices=devices, **more), oci.name)


def test_the_container_has_the_interface_and_the_host_does_not(oci: Oci, device: str) -> None:
    assert oci.run(LINKS, linux__netDevices={device: {}}).stdout.split() == sorted(["lo", device])
    assert not os.path.exists(f"/sys/class/net/{device}")


def test_it_is_up_with_its_permanent_global_addresses(oci: Oci, device: str) -> None:
    _start(oci, {device: {"name": "eth7"}})
    (shown,) = _inside(oci, "address", "show", "dev", "eth7")
    assert "UP" in shown["flags"]
    found = {
        (entry["local"], entry["prefixlen"], entry.get("broadcast"))
        for entry in shown["addr_info"]
        if entry["scope"] == "global"
    }
    assert found == {("10.97.13.5", 24, "10.97.13.255"), ("10.97.13.6", 32, None), ("fd00:97::5", 64, None)}
    assert "169.254.97.5" not in str(shown)
    assert oci("exec", oci.name, "/bin/sh", "-c", LINKS).stdout.split() == ["eth7", "lo"]


def test_the_kernel_numbers_a_name_that_is_a_template(oci: Oci, device: str) -> None:
    assert oci.run(LINKS, linux__netDevices={device: {"name": "net%d"}}).stdout.split() == ["lo", "net0"]


def test_it_can_be_moved_into_a_namespace_by_path(oci: Oci, device: str, tmp_path: Any) -> None:
    namespace = f"oci-{uuid.uuid4().hex[:8]}"
    _ip("netns", "add", namespace)
    try:
        bundle = oci.shell(LINKS, linux__netDevices={device: {"name": "a"}})
        with open(f"{bundle}/config.json", encoding="utf-8") as file:
            config = json.load(file)
        for entry in config["linux"]["namespaces"]:
            if entry["type"] == "network":
                entry["path"] = f"/run/netns/{namespace}"
        with open(f"{bundle}/config.json", "w", encoding="utf-8") as file:
            json.dump(config, file)
        assert oci("run", "-b", bundle, oci.name).stdout.split() == ["a", "lo"]
    finally:
        _ip("netns", "delete", namespace)


def test_a_name_that_is_taken_is_an_error_and_the_interface_stays(oci: Oci, device: str) -> None:
    done = oci.run("true", status=1, linux__netDevices={device: {"name": "lo"}})
    assert "has an interface lo already" in done.stderr
    assert os.path.exists(f"/sys/class/net/{device}")


def test_an_interface_that_is_not_there_is_named(oci: Oci) -> None:
    done = oci.run("true", status=1, linux__netDevices={"nowhere0": {}})
    assert "there is no network interface nowhere0" in done.stderr


def test_without_a_network_namespace_nothing_is_moved(oci: Oci, device: str) -> None:
    path = [{"type": "mount"}, {"type": "pid"}, {"type": "network", "path": "/proc/self/ns/net"}]
    done = oci.run("true", status=1, linux__netDevices={device: {}}, linux__namespaces=path, hostname="")
    assert "unable to move network devices without a NET namespace" in done.stderr
    assert os.path.exists(f"/sys/class/net/{device}")
