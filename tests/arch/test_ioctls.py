from __future__ import annotations

from arch import arm64, ioctls, ppc64le, x86_64


def test_requests_are_put_together_as_the_headers_do() -> None:
    assert x86_64.ABI.ioctl.number(x86_64.ABI.ioctl.write, 0x94, 9, 4) == 0x40049409
    assert arm64.ABI.ioctl.number(arm64.ABI.ioctl.read, ord("T"), 0x30, 4) == 0x80045430


def test_ppc_has_direction_bits_of_its_own() -> None:
    bits = ppc64le.ABI.ioctl
    assert bits.number(bits.write, 0x94, 9, 4) == 0x80049409
    assert bits.number(bits.none, 0xB7, 1, 0) == 0x2000B701


def test_this_machines_requests_are_ready_made() -> None:
    assert ioctls.iow(0x94, 9, 4) == ioctls.FICLONE
    assert ioctls.iowr(0x94, 60, 72) == ioctls.ior(0x94, 60, 72) | ioctls.iow(0x94, 60, 72)
