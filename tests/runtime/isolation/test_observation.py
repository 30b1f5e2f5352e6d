from __future__ import annotations

import itertools
import os

from backends.cgroups.group import HierarchyCgroup
from runtime.isolation.observation import observe, settled


def test_a_text_is_read_until_two_readings_agree() -> None:
    readings = iter(["a", "ab", "abc", "abc", "never"])
    assert settled(lambda: next(readings)) == "abc"


def test_a_text_that_never_settles_is_given_up_on() -> None:
    count = itertools.count()
    assert settled(lambda: str(next(count)), 5) == "5"


def test_a_process_that_is_gone_leaves_everything_unknown() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    config = {"process": {}, "linux": {"maskedPaths": ["/proc/keys"], "resources": {"pids": {"limit": 5}}}}
    found = observe(pid, config, HierarchyCgroup({"pids": "/nonexistent"}))
    assert set(found["texts"].values()) == {""}
    assert found["namespaces"]["pid"][0] == ""
    assert found["paths"] == {}
    assert found["astray"] == ["pids"]
    assert found["cgroup"] == [["pids.limit", "pids.max", "5", ""]]


def test_a_limit_without_a_hierarchy_is_told() -> None:
    config = {"process": {}, "linux": {"resources": {"memory": {"limit": 1 << 30}}}}
    assert observe(os.getpid(), config, HierarchyCgroup({}))["cgroup"] == [["memory.limit", "", "set", ""]]
