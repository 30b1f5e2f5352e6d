from __future__ import annotations

from backends.security.masked import MASKED_CPU_PATH, MASKED_PATHS, READONLY_PATHS


def test_paths_are_absolute_clean_and_below_proc_and_sys() -> None:
    for path in (*MASKED_PATHS, *READONLY_PATHS, MASKED_CPU_PATH.format(number=3)):
        assert path.startswith(("/proc/", "/sys/"))
        assert "//" not in path
        assert not path.endswith("/")


def test_no_path_is_both_masked_and_read_only_or_listed_twice() -> None:
    every = [*MASKED_PATHS, *READONLY_PATHS]
    assert len(set(every)) == len(every)


def test_the_ways_to_crash_or_spy_on_the_host_are_closed() -> None:
    assert {"/proc/kcore", "/proc/keys", "/sys/firmware"} <= set(MASKED_PATHS)
    assert {"/proc/sys", "/proc/sysrq-trigger"} <= set(READONLY_PATHS)
