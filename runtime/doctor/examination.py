"""`doctor --check IMAGE`: whether what an image holds starts on this host. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from probes.finding import DENIED, OUTER_SECCOMP
from probes.report import HostReport
from runtime.doctor.contents import Contents

SCHEMA = 1

FINE = "fine"
DOUBTFUL = "may fail"
FATAL = "will fail"
_STATUS = {FINE: 0, DOUBTFUL: 3, FATAL: 1}

_OLD_GLIBC = (2, 13)  # the last that calls time() and gettimeofday() through the vsyscall page (sig-cloud-instance#62)
_FACCESSAT2 = (2, 33)  # glibc that begins to call it; Alpine 3.14 has it in musl
_CLONE3 = (2, 34)
_TIME64 = (5, 1)  # Linux
_UNIFIED = 226  # the first systemd that boots on cgroup v2 alone
_NO_LEGACY = 258  # the first that does not boot on v1


@dataclass(frozen=True)
class Remark:
    subject: str
    verdict: str
    text: str
    advice: str = ""

    def as_dict(self) -> dict[str, str]:
        return {"subject": self.subject, "verdict": self.verdict, "text": self.text, "advice": self.advice}


def vsyscall_mode(maps: str) -> str:
    """From /proc/self/maps: "none" where there is no such page, "xonly" or "emulate" by its permissions."""
    for line in maps.splitlines():
        if line.endswith("[vsyscall]"):
            return "emulate" if line.split()[1].startswith("r") else "xonly"
    return "none" if maps else ""


def examine(contents: Contents, report: HostReport, vsyscall: str = "") -> list[Remark]:
    """`vsyscall` as `vsyscall_mode` says, empty where nobody knows."""
    remarks = [
        _programs(contents),
        _label(contents),
        _machine(contents, report),
        _kernel(contents, report),
        _vsyscall(contents, vsyscall),
        _pages(contents, report),
        _systemd(contents, report),
        _calls(contents, report),
        _time(contents, report),
    ]
    return [remark for remark in remarks if remark is not None]


def worst(remarks: list[Remark]) -> str:
    verdicts = {remark.verdict for remark in remarks}
    return FATAL if FATAL in verdicts else DOUBTFUL if DOUBTFUL in verdicts else FINE


def status(remarks: list[Remark]) -> int:
    """0: it starts, as far as can be seen. 1: it does not. 3: it may not."""
    return _STATUS[worst(remarks)]


def _programs(contents: Contents) -> Remark | None:
    if contents.main is None:
        told = "; ".join(f"{program.path}: {program.problem}" for program in contents.programs)
        return Remark("programs", DOUBTFUL, told or "neither its program nor /bin/sh is in the image",
                      "name a program that is in it: runtime run IMAGE /path/of/it")  # fmt: skip
    return Remark("programs", FINE, ", ".join(program.path for program in contents.programs))


def _label(contents: Contents) -> Remark | None:
    """Known: images whose label says one architecture and whose programs are another's (calico/cni-plugin#875)."""
    main = contents.main
    if main is None or main.executable is None:
        return None
    found = main.executable.architecture
    if found.oci == contents.architecture:
        return Remark("label", FINE, f"{contents.platform}, and so are its programs")
    return Remark(
        "label",
        DOUBTFUL,
        f"the label says {contents.platform}, and {main.path} is for {found.oci}",
        f"ask whoever built it, or take the image for linux/{found.oci} of somebody else",
    )


def _machine(contents: Contents, report: HostReport) -> Remark | None:
    main = contents.main
    if main is None or main.executable is None:
        return None
    name = main.executable.architecture.name
    finding = report[f"emulation.{name}"]
    if finding.present or name == report.machine.get("architecture"):
        how = finding.value if finding.value in ("compat", "binfmt") else ""
        slow = "; set-uid programs and signals are an emulator's" if how == "binfmt" else ""
        return Remark("machine", FINE, f"{name} programs run here{f' ({how})' if how else ''}{slow}")
    return Remark("machine", FATAL, f"{name} programs do not run here: {finding.reason}",
                  finding.remedy or "take the image for this machine")  # fmt: skip


def _numbers(report: HostReport) -> tuple[int, ...]:
    parts = str(report.kernel.get("numbers") or "").split(".")
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else ()


def _kernel(contents: Contents, report: HostReport) -> Remark | None:
    needed, here = contents.kernel, _numbers(report)
    if needed is None or not here:
        return None
    wanted = ".".join(map(str, needed))
    if here < needed:
        return Remark(
            "kernel",
            FATAL,
            f"{contents.libc or 'its C library'} needs Linux {wanted}, and this is {'.'.join(map(str, here))}: "
            'its programs end with "FATAL: kernel too old"',
            "take an older release of the image, or one with musl (alpine), which asks for no kernel",
        )
    return Remark("kernel", FINE, f"{contents.libc or 'its C library'} needs Linux {wanted} or newer")


def _version(contents: Contents, name: str) -> tuple[int, ...]:
    kind, _, text = contents.libc.partition(" ")
    parts = text.split(".")
    return tuple(map(int, parts)) if kind == name and all(part.isdigit() for part in parts) else ()


def _vsyscall(contents: Contents, mode: str) -> Remark | None:
    version, main = _version(contents, "glibc"), contents.main
    if not version or version > _OLD_GLIBC or main is None or main.executable is None:
        return None
    if main.executable.architecture.name != "x86_64":
        return None
    if mode != "none":
        return Remark("vsyscall", FINE, f"{contents.libc} needs the vsyscall page, which is {mode or 'not known'} here")
    return Remark(
        "vsyscall",
        FATAL,
        f"{contents.libc} calls into the vsyscall page, which this kernel does not have: its programs end with "
        "SIGSEGV, status 139",
        "boot this host with vsyscall=emulate (or xonly from Linux 5.3 on), or take an image with glibc 2.14 or newer",
    )


def _pages(contents: Contents, report: HostReport) -> Remark | None:
    main, size = contents.main, int(str(report.machine.get("page_size") or 0))
    if main is None or main.executable is None or not size:
        return None
    if (
        main.executable.align
        and main.executable.align < size
        and report[f"emulation.{main.executable.architecture.name}"].value in ("native", "compat")
    ):
        return Remark(
            "pages",
            FATAL,
            f"{main.path} is linked for pages of {main.executable.align // 1024} KiB at most, and this kernel has "
            f"{size // 1024} KiB",
            "take an image built for large pages, or boot a kernel with pages of 4 KiB",
        )
    return None


def _systemd(contents: Contents, report: HostReport) -> Remark | None:
    if not contents.systemd:
        return None
    weight = FATAL if contents.boots else DOUBTFUL
    which = f"systemd {contents.systemd}"
    systemd_v1 = report.has("cgroup.v1.systemd") or report.has("cgroup.v1")
    if contents.systemd < _UNIFIED and not systemd_v1 and report.has("cgroup.v2"):
        return Remark(
            "systemd", weight, f"{which} does not know cgroup v2, and this host has nothing else",
            "boot this host with systemd.unified_cgroup_hierarchy=0, or take a release with systemd 226 or newer",
        )  # fmt: skip
    if contents.systemd >= _NO_LEGACY and not report.has("cgroup.v2"):
        return Remark(
            "systemd", weight, f"{which} does not know cgroup v1 any more, and this host has nothing else",
            "boot this host with systemd.unified_cgroup_hierarchy=1, or take an older release",
        )  # fmt: skip
    return Remark("systemd", FINE, f"{which} boots on this host's cgroups" if contents.boots else which)


def _filtered(report: HostReport) -> list[str]:
    """Young calls that a filter around us answers with EPERM, which no library takes for "not there"."""
    return [
        finding.capability.partition(".")[2]
        for finding in report.findings
        if finding.capability in ("process.clone3", "process.openat2", "process.pidfd", "process.close_range")
        and finding.state == DENIED
        and finding.blocker == OUTER_SECCOMP
        and any("EPERM" in line for line in finding.evidence)
    ]


def _calls(contents: Contents, report: HostReport) -> Remark | None:
    glibc, musl = _version(contents, "glibc"), _version(contents, "musl")
    filtered = _filtered(report)
    young = glibc >= _FACCESSAT2 or musl >= (1, 2)
    if not filtered or not young:
        return None
    breaks = (
        "no thread starts" if glibc >= _CLONE3 and "clone3" in filtered else "`test -x`, make and bash misjudge files"
    )
    return Remark(
        "system calls",
        DOUBTFUL,
        f"a seccomp filter around this host's programs answers {', '.join(filtered)} with EPERM, where {contents.libc} "
        f"expects ENOSYS: {breaks}",
        "update what runs around this (docker 20.10.10, libseccomp 2.5), or start that with "
        "--security-opt seccomp=unconfined",
    )


def _time(contents: Contents, report: HostReport) -> Remark | None:
    main, here = contents.main, _numbers(report)
    if main is None or main.executable is None or main.executable.architecture.bits != 32:
        return None
    young = _version(contents, "glibc") >= _CLONE3 or _version(contents, "musl") >= (1, 2)
    if not young or not here:
        return None
    if _filtered(report):
        return Remark(
            "time", DOUBTFUL,
            f"{contents.libc} asks for 64-bit time first, and a filter around us that refuses what it does not know "
            "makes dates 1900 or 1970",
            "update what runs around this: libseccomp 2.4.4 or newer knows these calls",
        )  # fmt: skip
    how = "has" if here >= _TIME64 else "lacks, so the old calls are used, until 2038,"
    return Remark("time", FINE, f"{contents.libc} asks for 64-bit time, which this kernel {how}".rstrip(","))
