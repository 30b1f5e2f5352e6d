from __future__ import annotations

import stat

import pytest

from runtime.bundle.devices import Node, device_rules, expand, parse_device, parse_rule
from runtime.containers.request import Device
from runtime.errors import InvalidInput

FUSE = Node("c", 10, 229, 0o666)
DISK = Node("b", 8, 0, 0o660, gid=6)


@pytest.mark.parametrize(
    ("text", "device"),
    [
        ("/dev/fuse", Device("/dev/fuse", "/dev/fuse")),
        ("/dev/fuse:/dev/x", Device("/dev/fuse", "/dev/x")),
        ("/dev/fuse:r", Device("/dev/fuse", "/dev/fuse", "r")),
        ("/dev/fuse:/dev/x:rm", Device("/dev/fuse", "/dev/x", "rm")),
    ],
)
def test_a_device_is_read(text: str, device: Device) -> None:
    assert parse_device(text) == device


@pytest.mark.parametrize("text", ["", "fuse", "/dev/fuse:x", "/dev/fuse:/dev/x:q", "/dev/a:/b:r:w", "/dev/a:/b:rr"])
def test_a_wrong_device_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="--device"):
        parse_device(text)


def test_a_rule_is_read() -> None:
    assert parse_rule("c 42:* rm") == {"allow": True, "type": "c", "major": 42, "access": "rm"}
    with pytest.raises(InvalidInput):
        parse_rule("c 42 rm")


def test_a_folder_stands_for_the_devices_in_it() -> None:
    nodes = {"/dev/snd/a": FUSE, "/dev/snd/b/c": DISK, "/dev/sndx": DISK}
    found = expand([Device("/dev/snd", "/dev/sound", "r")], nodes)
    assert found == [("/dev/sound/a", "r", FUSE), ("/dev/sound/b/c", "r", DISK)]


def test_a_device_that_is_not_there_is_an_error() -> None:
    with pytest.raises(InvalidInput, match="/dev/nothing"):
        expand([Device("/dev/nothing", "/dev/nothing")], {})


def test_everything_is_refused_before_anything_is_allowed() -> None:
    rules = device_rules([("/dev/fuse", "rw", FUSE)], ["b 7:* r"])
    assert rules[0] == {"allow": False, "access": "rwm"}
    assert all(rule["allow"] for rule in rules[1:])
    assert {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rw"} in rules
    assert rules[-1] == {"allow": True, "type": "b", "major": 7, "access": "r"}


def test_only_devices_are_nodes() -> None:
    assert Node.of(stat.S_IFREG | 0o644, 0, 0, 0, 0) is None
    assert Node.of(stat.S_IFCHR | 0o666, 1, 3, 0, 0) == Node("c", 1, 3, 0o666)
