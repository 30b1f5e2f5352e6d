"""Kernel versions that syscalls(2) does not give, or gives wrongly; ci/tables.py checks them against older headers.

Not here, and so unknown: calls that were never implemented (afs_syscall, break, ftime, gtty, lock, mpx, prof, profil,
putpmsg, security, stty, tuxcall, ulimit, vserver, ...), and those nobody looked up.
"""

from __future__ import annotations

ADDENDA: dict[str, tuple[int, ...]] = {
    # The 64-bit time_t twins of 32-bit machines all came at once (commit 48166e6ea47d).
    "clock_adjtime64": (5, 1),
    "clock_getres_time64": (5, 1),
    "clock_gettime64": (5, 1),
    "clock_nanosleep_time64": (5, 1),
    "clock_settime64": (5, 1),
    "futex_time64": (5, 1),
    "io_pgetevents_time64": (5, 1),
    "mq_timedreceive_time64": (5, 1),
    "mq_timedsend_time64": (5, 1),
    "ppoll_time64": (5, 1),
    "pselect6_time64": (5, 1),
    "recvmmsg_time64": (5, 1),
    "rt_sigtimedwait_time64": (5, 1),
    "sched_rr_get_interval_time64": (5, 1),
    "semtimedop_time64": (5, 1),
    "timer_gettime64": (5, 1),
    "timer_settime64": (5, 1),
    "timerfd_gettime64": (5, 1),
    "timerfd_settime64": (5, 1),
    "utimensat_time64": (5, 1),
    # The page lists them as pread and pwrite.
    "pread64": (2, 2),
    "pwrite64": (2, 2),
    # Newer than the page's table.
    "mount_setattr": (5, 12),
    "process_mrelease": (5, 15),
    "futex_waitv": (5, 16),
    "set_mempolicy_home_node": (5, 17),
    "riscv_hwprobe": (6, 4),
    "cachestat": (6, 5),
    "fchmodat2": (6, 6),
    "map_shadow_stack": (6, 6),
    "futex_requeue": (6, 7),
    "futex_wait": (6, 7),
    "futex_wake": (6, 7),
    "listmount": (6, 8),
    "lsm_get_self_attr": (6, 8),
    "lsm_list_modules": (6, 8),
    "lsm_set_self_attr": (6, 8),
    "statmount": (6, 8),
    "mseal": (6, 10),
    "uretprobe": (6, 11),
    "getxattrat": (6, 13),
    "listxattrat": (6, 13),
    "removexattrat": (6, 13),
    "setxattrat": (6, 13),
    "open_tree_attr": (6, 15),
    "file_getattr": (6, 17),
    "file_setattr": (6, 17),
    "uprobe": (6, 18),  # answers ENXIO there, and not ENOSYS
    "listns": (6, 19),  # ENOSYS still on 6.18
}

CORRECTIONS: dict[str, tuple[int, ...]] = {}
