"""Whether we are already inside something: a container, a chroot, a virtual machine.

PRESENT reads as the catalogue's title does: *not* inside. `value` names what we are inside of.
"""

from __future__ import annotations

from dataclasses import dataclass

from probes import mountinfo
from probes.finding import ABSENT, CONTAINMENT, MACHINE, PRESENT, Finding
from probes.host import Host
from probes.inquiry import Inquiry, link, names, text
from probes.judgement import found

# A file in / or /run that a runtime leaves behind -> its name
MARKS = ((".dockerenv", "docker"), (".dockerinit", "docker"), ("run/.containerenv", "podman"))
# The namespaces that a kernel starts with have fixed inodes (since 3.8). A mark in a file system says little where we
# are in all of them: images become virtual machines.
INITIAL = {"pid": "pid:[4026531836]", "uts": "uts:[4026531838]", "ipc": "ipc:[4026531839]"}
# What runtimes put into a cgroup's path -> their name
PATHS = (
    ("kubepods", "kubernetes"), ("/docker", "docker"), ("libpod", "podman"), ("/lxc", "lxc"),
    ("containerd", "containerd"), ("/machine.slice/machine-", "systemd-nspawn"), ("garden", "garden"),
)  # fmt: skip
MAKERS = (
    ("Firecracker", "firecracker"), ("QEMU", "qemu"), ("KVM", "kvm"), ("VMware", "vmware"),
    ("VirtualBox", "virtualbox"), ("Microsoft Corporation", "hyper-v"), ("Xen", "xen"), ("Amazon EC2", "ec2"),
    ("Google", "google"), ("Bochs", "bochs"), ("Parallels", "parallels"), ("OpenStack", "openstack"),
)  # fmt: skip


@dataclass(frozen=True)
class Surroundings:
    container: str
    container_evidence: str
    chroot: bool
    chroot_evidence: str


def surroundings(host: Host) -> Surroundings:
    return Surroundings(*container(host), *chroot(host))


def container(host: Host) -> tuple[str, str]:
    """Name and evidence; the name is empty outside of containers."""
    environment = text(host, "/proc/1/environ").split("\0")
    for variable in environment:
        if variable.startswith("container="):
            name = variable[len("container=") :] or "container"
            return ("docker" if name == "oci" else name), f"/proc/1/environ: {variable}"
    for mark, name in MARKS:
        folder, _, base = ("/" + mark).rpartition("/")
        if base in names(host, folder or "/"):
            if all(link(host, f"/proc/self/ns/{kind}") == first for kind, first in INITIAL.items()):
                return "", f"/{mark} exists, and contradicts the namespaces, which are the kernel's first"
            return name, f"/{mark} exists"
    said = text(host, "/run/systemd/container")
    if said:
        return said, f"/run/systemd/container: {said}"
    for part, name in PATHS:
        if part in text(host, "/proc/1/cgroup"):
            return name, f"/proc/1/cgroup has {part}"
    top = names(host, "/proc")
    if "vz" in top and "bc" not in top:
        return "openvz", "/proc/vz without /proc/bc"
    if "microsoft" in host.facts().get("release", "").lower():
        return "wsl", "the kernel's release names Microsoft"
    return "", ""


def chroot(host: Host) -> tuple[bool, str]:
    """mountinfo shows the mounts below our root only, so in a plain folder it has none for "/" itself; where the folder
    is a mount, it is another one than that of process 1 in the same mount namespace."""
    own = {mount.identity for mount in mountinfo.parse(text(host, "/proc/self/mountinfo")) if mount.point == "/"}
    if not own:
        return (True, "/proc/self/mountinfo has no mount at /") if text(host, "/proc/self/mountinfo") else (False, "")
    first = mountinfo.parse(text(host, "/proc/1/mountinfo"))
    same = link(host, "/proc/self/ns/mnt") and link(host, "/proc/self/ns/mnt") == link(host, "/proc/1/ns/mnt")
    roots = {mount.identity for mount in first if mount.point == "/"}
    if same and roots and not own & roots:
        return True, "our / is another mount than that of process 1, in the same mount namespace"
    return False, ""


def machine(host: Host) -> tuple[str, str]:
    """The hypervisor's name and the evidence; empty on bare metal, as far as can be seen."""
    for name in ("sys_vendor", "product_name", "bios_vendor"):
        said = text(host, f"/sys/class/dmi/id/{name}")
        for part, maker in MAKERS:
            if part in said:
                return maker, f"/sys/class/dmi/id/{name}: {said}"
    said = text(host, "/sys/hypervisor/type")
    if said:
        return said, f"/sys/hypervisor/type: {said}"
    cpuinfo = text(host, "/proc/cpuinfo")
    if " hypervisor" in cpuinfo:
        return "unknown", "/proc/cpuinfo: flag hypervisor"
    if "User Mode Linux" in cpuinfo:
        return "uml", "/proc/cpuinfo: User Mode Linux"
    compatible = text(host, "/proc/device-tree/hypervisor/compatible").strip("\0")
    if compatible:
        return compatible, "/proc/device-tree/hypervisor"
    return "", ""


def findings(inquiry: Inquiry, around: Surroundings) -> list[Finding]:
    name, evidence = machine(inquiry.host)
    answers = (
        ("container", around.container, around.container_evidence, f"we are inside {around.container}", CONTAINMENT),
        ("chroot", "chroot" if around.chroot else "", around.chroot_evidence, "our root is a chroot", CONTAINMENT),
        ("vm", name, evidence, f"this is a virtual machine ({name})", MACHINE),
    )
    outcome = []
    for kind, inside, because, reason, blocker in answers:
        capability = f"containment.{kind}"
        if inside:
            outcome.append(found(capability, ABSENT, reason, inquiry.circumstances, (because,), blocker, inside))
        else:
            outcome.append(Finding(capability, PRESENT, "no sign of one", (because,) if because else ()))
    return outcome
