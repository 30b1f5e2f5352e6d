"""process.scheduler and process.ioPriority. Pure."""

from __future__ import annotations

from backends.execution.configuration import integer, items, refuse, section, text
from backends.execution.steps.schedule import SetIoPriority, SetScheduler
from backends.execution.steps.step import Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# linux/sched.h, linux/ioprio.h
_POLICIES = {
    "SCHED_OTHER": 0,
    "SCHED_FIFO": 1,
    "SCHED_RR": 2,
    "SCHED_BATCH": 3,
    "SCHED_ISO": 4,
    "SCHED_IDLE": 5,
    "SCHED_DEADLINE": 6,
}
_FLAGS = {
    "SCHED_FLAG_RESET_ON_FORK": 0x01,
    "SCHED_FLAG_RECLAIM": 0x02,
    "SCHED_FLAG_DL_OVERRUN": 0x04,
    "SCHED_FLAG_KEEP_POLICY": 0x08,
    "SCHED_FLAG_KEEP_PARAMS": 0x10,
    "SCHED_FLAG_UTIL_CLAMP_MIN": 0x20,
    "SCHED_FLAG_UTIL_CLAMP_MAX": 0x40,
}
_CLASSES = {"IOPRIO_CLASS_RT": 1, "IOPRIO_CLASS_BE": 2, "IOPRIO_CLASS_IDLE": 3}


def steps_of(process: dict[str, Any]) -> list[Step]:
    steps: list[Step] = []
    scheduler = section(process, "scheduler", "process.scheduler")
    if scheduler:
        steps.append(_scheduler(scheduler))
    priority = section(process, "ioPriority", "process.ioPriority")
    if priority:
        name = text(priority, "class", "process.ioPriority.class")
        if name not in _CLASSES:
            raise refuse("process.ioPriority.class", f"there is no class {name!r}")
        steps.append(SetIoPriority(_CLASSES[name], integer(priority, "priority", "process.ioPriority.priority")))
    return steps


def _scheduler(scheduler: dict[str, Any]) -> SetScheduler:
    policy = text(scheduler, "policy", "process.scheduler.policy")
    if policy not in _POLICIES:
        raise refuse("process.scheduler.policy", f"there is no policy {policy!r}")
    flags = 0
    for name in items(scheduler, "flags", "process.scheduler.flags"):
        if name not in _FLAGS:
            raise refuse("process.scheduler.flags", f"there is no flag {name!r}")
        flags |= _FLAGS[name]
    values = {
        key: integer(scheduler, key, f"process.scheduler.{key}")
        for key in ("nice", "priority", "runtime", "deadline", "period")
    }
    return SetScheduler(policy, _POLICIES[policy], flags, values)
