"""Network interfaces of the host that become the container's: linux.netDevices. Off the launch path otherwise."""

from __future__ import annotations

import errno
import os

from arch import kernel
from backends.errors import StepFailed
from backends.execution.configuration import refuse, section, text
from backends.execution.steps.step import PARENT, Context, Step
from backends.network.rtnetlink import Routes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.network.rtnetlink import Address

_PATH = "linux.netDevices"
_LONGEST = 15  # IFNAMSIZ, less its NUL
_TEMPLATE = "%d"  # the kernel puts the first free number there
_OPEN = os.O_RDONLY | os.O_CLOEXEC


class MoveDevice(Step):
    """With it come its permanent addresses of global scope; it is up then. What happens to it when the container's
    namespace ends is the kernel's business: real devices come back, virtual ones are gone."""

    __slots__ = ("device", "name")
    place = PARENT

    def __init__(self, device: str, name: str) -> None:
        self.device = device
        self.name = name

    def describe(self) -> str:
        renamed = f", as {self.name}" if self.name != self.device else ""
        return f"move the network interface {self.device} into the container's network namespace{renamed}"

    def execute(self, context: Context) -> None:
        theirs = os.open(f"/proc/{context.pid}/ns/net", _OPEN)
        ours = os.open("/proc/self/ns/net", _OPEN)
        here = Routes()
        try:
            if os.fstat(theirs).st_ino == os.fstat(ours).st_ino:
                raise StepFailed(self.describe(), "unable to move network devices without a NET namespace")
            there = _routes_of(theirs, ours)
            try:
                self._move(here, there, theirs)
            finally:
                there.close()
        finally:
            here.close()
            os.close(theirs)
            os.close(ours)

    def _move(self, here: Routes, there: Routes, theirs: int) -> None:
        link = next((index for index, name in here.links().items() if name == self.device), 0)
        if not link:
            raise StepFailed(
                self.describe(), f"there is no network interface {self.device}", errno.ENODEV, "`ip link` lists them"
            )
        before = there.links()
        if self.name in before.values():
            raise StepFailed(
                self.describe(),
                f"the container's network namespace has an interface {self.name} already",
                errno.EEXIST,
                f"{_PATH}.{self.device}.name renames it",
            )
        addresses = [address for address in here.addresses(link) if address.lasting]
        here.move(link, theirs, self.name)
        self._restore(there, before, addresses)

    def _restore(self, there: Routes, before: dict[int, str], addresses: list[Address]) -> None:
        (link,) = set(there.links()) - set(before)
        for address in addresses:
            there.add(link, address)
        there.bring_up(link)


def _routes_of(theirs: int, ours: int) -> Routes:
    """This process has one thread, so it may look in for a moment."""
    kernel.setns(theirs, kernel.CLONE_NEWNET)
    try:
        return Routes()
    finally:
        kernel.setns(ours, kernel.CLONE_NEWNET)


def steps_of(devices: dict[str, Any], has_namespace: bool) -> list[Step]:
    """UnsupportedConfiguration"""
    if not has_namespace:
        raise refuse(_PATH, "unable to move network devices without a NET namespace")
    steps: list[Step] = []
    for device in devices:
        _check(device, f"{_PATH}.{device}")
        wish = section(devices, device, f"{_PATH}.{device}")
        name = text(wish, "name", f"{_PATH}.{device}.name") or device
        _check(name.replace(_TEMPLATE, "0", 1), f"{_PATH}.{device}.name")
        steps.append(MoveDevice(device, name))
    return steps


def _check(name: str, path: str) -> None:
    """dev_valid_name() of net/core/dev.c"""
    if not name or len(os.fsencode(name)) > _LONGEST or name in (".", "..") or set(name) & set("/:% \t\n\v\f\r"):
        raise refuse(path, f"invalid network device name {name!r}")
