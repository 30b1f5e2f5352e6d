"""Interfaces and packet filters, each tried in a network namespace that ends with the trial."""

from __future__ import annotations

import _socket
import fcntl
import os
import struct

from arch import kernel
from probes.trials.attempt import Failed, call, enter

RTM_NEWLINK, RTM_GETLINK, NLMSG_ERROR = 16, 18, 2
REQUEST, ACKNOWLEDGE, CREATE_EXCLUSIVELY = 1, 4, 0x600
IFLA_IFNAME, IFLA_LINKINFO, INFO_KIND, INFO_DATA, VETH_PEER = 3, 18, 1, 2, 1
NETLINK_ROUTE, NETLINK_NETFILTER = 0, 12
NFT_GETGEN = 10 << 8 | 16  # subsystem nf_tables, message "which generation of the rules"
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def _attribute(kind: int, content: bytes) -> bytes:
    return struct.pack("=HH", len(content) + 4, kind) + content + b"\0" * (-len(content) % 4)


def _link(index: int = 0) -> bytes:
    return struct.pack("=BxHiII", 0, 0, index, 0, 0)


def _ask(protocol: int, kind: int, flags: int, body: bytes) -> int:
    """Sends one netlink request and returns the errno of its answer, or 0."""
    socket = _socket.socket(_socket.AF_NETLINK, _socket.SOCK_RAW, protocol)
    socket.settimeout(2)
    socket.send(struct.pack("=IHHII", 16 + len(body), kind, flags | REQUEST, 1, 0) + body)
    answer = socket.recv(16384)
    socket.close()
    if struct.unpack_from("=H", answer, 4)[0] != NLMSG_ERROR:
        return 0
    return -int(struct.unpack_from("=i", answer, 16)[0])


def _ask_kernel(name: str, *request: object) -> None:
    refused = call(name, _ask, *request)
    if refused:
        raise Failed(name, refused)


def netlink() -> str:
    _ask_kernel("netlink(RTM_GETLINK)", NETLINK_ROUTE, RTM_GETLINK, 0, _link(1))
    return ""


def loopback(mode: str) -> str:
    enter(mode, kernel.CLONE_NEWNET)
    socket = call("socket(AF_INET)", _socket.socket, _socket.AF_INET, _socket.SOCK_DGRAM)
    request = struct.pack("16sH22x", b"lo", IFF_UP)
    call("ioctl(SIOCSIFFLAGS)", fcntl.ioctl, socket.fileno(), SIOCSIFFLAGS, request)
    answer = fcntl.ioctl(socket.fileno(), SIOCGIFFLAGS, request)
    if not struct.unpack_from("16xH", answer)[0] & IFF_UP:
        raise Failed("ioctl(SIOCSIFFLAGS)", 0, "succeeded, and lo is down")
    return ""


def _create(name: str, kind: str, data: bytes) -> None:
    information = _attribute(INFO_KIND, kind.encode()) + data
    body = _link() + _attribute(IFLA_IFNAME, name.encode() + b"\0") + _attribute(IFLA_LINKINFO, information)
    _ask_kernel(f"netlink(RTM_NEWLINK, {kind})", NETLINK_ROUTE, RTM_NEWLINK, ACKNOWLEDGE | CREATE_EXCLUSIVELY, body)


def veth(mode: str) -> str:
    enter(mode, kernel.CLONE_NEWNET)
    peer = _attribute(VETH_PEER, _link() + _attribute(IFLA_IFNAME, b"trial1\0"))
    _create("trial0", "veth", _attribute(INFO_DATA, peer))
    return ""


def bridge(mode: str) -> str:
    enter(mode, kernel.CLONE_NEWNET)
    _create("trial0", "bridge", b"")
    return ""


def nftables(mode: str) -> str:
    enter(mode, kernel.CLONE_NEWNET)
    _ask_kernel("netlink(NFT_MSG_GETGEN)", NETLINK_NETFILTER, NFT_GETGEN, 0, struct.pack("=BBH", 0, 0, 0))
    return ""


def iptables(mode: str, program: str) -> str:
    """Lists the nat table of a new network namespace by the program itself."""
    enter(mode, kernel.CLONE_NEWNET)
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(writer, 2)
        os.dup2(writer, 1)
        try:
            os.execve(program, [program, "-t", "nat", "-S"], {"LC_ALL": "C", "PATH": os.environ.get("PATH", "")})
        finally:
            os._exit(127)
    os.close(writer)
    with os.fdopen(reader, "r", errors="replace") as pipe:
        said = pipe.read(4096)
    _, status = os.waitpid(pid, 0)
    if status:
        raise Failed(f"{os.path.basename(program)} -t nat -S", 0, said.strip())
    return ""
