"""The parts of /proc and /sys that a container does not see, or may not write, as docker's default has them.

A path that a host lacks is passed over: no kernel has all of them.
"""

from __future__ import annotations

# linux.maskedPaths: a file is covered by /dev/null, a folder by an empty read-only tmpfs.
MASKED_PATHS: tuple[str, ...] = (
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",  # interrupt counts time another container's keystrokes and traffic
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",  # CVE-2020-8694: energy counters leak keys
    "/sys/firmware",
)

# Every CPU has one: readable times of thermal throttling tell of neighbours' load. Expanded by the caller, who knows
# the CPUs that are possible here.
MASKED_CPU_PATH = "/sys/devices/system/cpu/cpu{number}/thermal_throttle"

# linux.readonlyPaths.
READONLY_PATHS: tuple[str, ...] = (
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
)
