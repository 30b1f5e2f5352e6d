"""What a container may ask of the kernel by default: every system call of our tables, decided.

The effect is that of docker's default profile, with these differences, each for a reason:

- an old form of an allowed call is allowed (sigaction beside rt_sigaction): old images are what this program is for;
- calls newer than docker's list are decided here, with their older relatives as the measure.

The policy for a call that a new kernel brings: until it stands here it gets ENOSYS, so that programs fall back. It is
let in when it does nothing that an allowed call cannot do; it goes to a capability when the kernel itself asks for that
one; it is refused when it opens a large part of the kernel to bugs, crosses a container's border, or is for the host.

Names that only some machines have need no condition: elsewhere they are no calls.
"""

from __future__ import annotations

# fmt: off
ALLOWED: dict[str, tuple[str, ...]] = {
    "files": (
        "access", "faccessat", "faccessat2", "chdir", "fchdir", "getcwd", "chmod", "fchmod", "fchmodat", "fchmodat2",
        "chown", "chown32", "fchown", "fchown32", "fchownat", "lchown", "lchown32", "creat", "open", "openat",
        "openat2", "name_to_handle_at", "link", "linkat", "symlink", "symlinkat", "readlink", "readlinkat", "mkdir",
        "mkdirat", "mknod", "mknodat", "rmdir", "unlink", "unlinkat", "rename", "renameat", "renameat2", "stat",
        "stat64", "lstat", "lstat64", "fstat", "fstat64", "fstatat64", "newfstatat", "statx", "oldstat", "oldlstat",
        "oldfstat", "statfs", "statfs64", "fstatfs", "fstatfs64", "statmount", "listmount", "truncate", "truncate64",
        "ftruncate", "ftruncate64", "umask", "utime", "utimes", "futimesat", "utimensat", "utimensat_time64",
        "getdents", "getdents64", "readdir", "getxattr", "getxattrat", "lgetxattr", "fgetxattr", "setxattr",
        "setxattrat", "lsetxattr", "fsetxattr", "listxattr", "listxattrat", "llistxattr", "flistxattr", "removexattr",
        "removexattrat", "lremovexattr", "fremovexattr", "file_getattr", "file_setattr",
    ),
    "descriptors": (
        "close", "close_range", "dup", "dup2", "dup3", "fcntl", "fcntl64", "flock", "ioctl", "pipe", "pipe2", "read",
        "readv", "pread64", "preadv", "preadv2", "write", "writev", "pwrite64", "pwritev", "pwritev2", "lseek",
        "_llseek", "sendfile", "sendfile64", "copy_file_range", "splice", "tee", "vmsplice", "readahead", "fadvise64",
        "fadvise64_64", "arm_fadvise64_64", "fallocate", "fsync", "fdatasync", "sync", "syncfs", "sync_file_range",
        "sync_file_range2", "arm_sync_file_range", "cachestat", "memfd_create", "memfd_secret",
    ),
    "waiting": (
        "poll", "ppoll", "ppoll_time64", "select", "_newselect", "pselect6", "pselect6_time64", "epoll_create",
        "epoll_create1", "epoll_ctl", "epoll_ctl_old", "epoll_wait", "epoll_wait_old", "epoll_pwait", "epoll_pwait2",
        "eventfd", "eventfd2", "signalfd", "signalfd4", "inotify_init", "inotify_init1", "inotify_add_watch",
        "inotify_rm_watch", "fanotify_mark", "io_setup", "io_submit", "io_cancel", "io_destroy", "io_getevents",
        "io_pgetevents", "io_pgetevents_time64",
    ),
    "memory": (
        "brk", "mmap", "mmap2", "munmap", "mremap", "mprotect", "pkey_mprotect", "pkey_alloc", "pkey_free", "madvise",
        "mincore", "mlock", "mlock2", "mlockall", "munlock", "munlockall", "msync", "mseal", "remap_file_pages",
        "map_shadow_stack", "membarrier", "cacheflush", "riscv_flush_icache",
    ),
    "processes": (
        "fork", "vfork", "execve", "execveat", "exit", "exit_group", "wait4", "waitid", "waitpid", "getpid", "getppid",
        "gettid", "getpgid", "getpgrp", "setpgid", "getsid", "setsid", "prctl", "arch_prctl", "set_tid_address",
        "get_thread_area", "set_thread_area", "set_tls", "get_tls", "modify_ldt", "swapcontext", "breakpoint",
        "s390_pci_mmio_read", "s390_pci_mmio_write", "s390_runtime_instr", "riscv_hwprobe", "pidfd_open",
        "pidfd_send_signal", "process_mrelease", "getrlimit", "ugetrlimit", "setrlimit", "prlimit64", "getrusage",
        "times", "futex", "futex_time64", "futex_wait", "futex_wake", "futex_waitv", "futex_requeue",
        "get_robust_list", "set_robust_list", "rseq", "rseq_slice_yield", "uprobe", "uretprobe", "restart_syscall",
    ),
    "identities": (
        "getuid", "getuid32", "geteuid", "geteuid32", "getgid", "getgid32", "getegid", "getegid32", "getresuid",
        "getresuid32", "getresgid", "getresgid32", "getgroups", "getgroups32", "setuid", "setuid32", "setgid",
        "setgid32", "setreuid", "setreuid32", "setregid", "setregid32", "setresuid", "setresuid32", "setresgid",
        "setresgid32", "setfsuid", "setfsuid32", "setfsgid", "setfsgid32", "setgroups", "setgroups32", "capget",
        "capset",
    ),
    "signals": (
        "kill", "tkill", "tgkill", "pause", "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo",
        "rt_tgsigqueueinfo", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "rt_sigtimedwait_time64",
        "sigaltstack", "signal", "sigaction", "sigpending", "sigprocmask", "sigreturn", "sigsuspend", "sgetmask",
        "ssetmask",
    ),
    "time": (
        "time", "gettimeofday", "clock_gettime", "clock_gettime64", "clock_getres", "clock_getres_time64",
        "clock_nanosleep", "clock_nanosleep_time64", "nanosleep", "alarm", "getitimer", "setitimer", "timer_create",
        "timer_delete", "timer_getoverrun", "timer_gettime", "timer_gettime64", "timer_settime", "timer_settime64",
        "timerfd_create", "timerfd_gettime", "timerfd_gettime64", "timerfd_settime", "timerfd_settime64",
        # Reading is for everyone; the kernel itself asks for CAP_SYS_TIME to set.
        "adjtimex", "clock_adjtime", "clock_adjtime64",
    ),
    "scheduling": (
        "getcpu", "getpriority", "setpriority", "nice", "ioprio_get", "ioprio_set", "sched_yield",
        "sched_getaffinity", "sched_setaffinity", "sched_getattr", "sched_setattr", "sched_getparam", "sched_setparam",
        "sched_getscheduler", "sched_setscheduler", "sched_get_priority_max", "sched_get_priority_min",
        "sched_rr_get_interval", "sched_rr_get_interval_time64",
    ),
    # socket itself depends on the family. socketcall hides it, so a 32-bit program reaches every family: docker
    # refused socketcall for a week in 2026 and took it back, because 32-bit programs died (moby#52506).
    "network": (
        "socketcall", "socketpair", "bind", "connect", "listen", "accept", "accept4", "getsockname", "getpeername",
        "getsockopt", "setsockopt", "shutdown", "send", "sendto", "sendmsg", "sendmmsg", "recv", "recvfrom", "recvmsg",
        "recvmmsg", "recvmmsg_time64",
    ),
    "ipc": (
        "ipc", "msgctl", "msgget", "msgrcv", "msgsnd", "semctl", "semget", "semop", "semtimedop", "semtimedop_time64",
        "shmat", "shmctl", "shmdt", "shmget", "mq_open", "mq_unlink", "mq_getsetattr", "mq_notify", "mq_timedreceive",
        "mq_timedreceive_time64", "mq_timedsend", "mq_timedsend_time64",
    ),
    "system": ("uname", "olduname", "oldolduname", "sysinfo", "getrandom"),
    # A program may always make its own sandbox tighter.
    "sandboxes": ("seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"),
}

# Allowed to a container that has the capability; the kernel checks more closely.
BY_CAPABILITY: dict[str, tuple[str, ...]] = {
    "CAP_DAC_READ_SEARCH": ("open_by_handle_at",),
    "CAP_SYS_ADMIN": (
        "bpf", "clone", "clone3", "fanotify_init", "fsconfig", "fsmount", "fsopen", "fspick", "listns",
        "lookup_dcookie", "lsm_get_self_attr", "lsm_list_modules", "lsm_set_self_attr", "mount", "mount_setattr",
        "move_mount", "open_tree", "open_tree_attr", "perf_event_open", "quotactl", "quotactl_fd", "setdomainname",
        "sethostname", "setns", "syslog", "umount", "umount2", "unshare",
    ),
    "CAP_SYS_BOOT": ("reboot",),
    "CAP_SYS_CHROOT": ("chroot",),
    "CAP_SYS_MODULE": ("delete_module", "init_module", "finit_module"),
    "CAP_SYS_PACCT": ("acct",),
    "CAP_SYS_PTRACE": (
        "kcmp", "pidfd_getfd", "process_madvise", "process_vm_readv", "process_vm_writev", "ptrace",
    ),
    "CAP_SYS_RAWIO": ("iopl", "ioperm"),
    "CAP_SYS_TIME": ("settimeofday", "stime", "clock_settime", "clock_settime64"),
    "CAP_SYS_TTY_CONFIG": ("vhangup",),
    "CAP_SYS_NICE": ("get_mempolicy", "mbind", "set_mempolicy", "set_mempolicy_home_node"),
    "CAP_SYSLOG": ("syslog",),
    "CAP_BPF": ("bpf",),
    "CAP_PERFMON": ("perf_event_open",),
}

# Before Linux 4.8 a tracer could change a call after the filter had let it through.
TRACING = ("process_vm_readv", "process_vm_writev", "ptrace")
TRACING_SINCE = (4, 8)

# Refused to every container, whatever its capabilities.
REFUSED: dict[str, tuple[str, ...]] = {
    "the kernel's key rings know no namespaces": ("add_key", "keyctl", "request_key"),
    "a large attack surface, and its requests pass filters unseen": (
        "io_uring_setup", "io_uring_enter", "io_uring_register",
    ),
    "helps to win races against the kernel": ("userfaultfd",),
    "the container's root is not its to change": ("pivot_root",),
    "memory of other processes, and of the machine's nodes": ("migrate_pages", "move_pages"),
    "for the host only": (
        "kexec_file_load", "kexec_load", "swapon", "swapoff", "nfsservctl", "bdflush", "pciconfig_iobase",
        "pciconfig_read", "pciconfig_write", "rtas", "s390_sthyi",
    ),
    "machine modes that no ordinary program asks for": (
        "vm86", "vm86old", "switch_endian", "subpage_prot", "sys_debug_setcontext", "spu_create", "spu_run", "usr26",
        "usr32", "s390_guarded_storage",
    ),
    "obsolete, and known for holes": ("_sysctl", "sysfs", "uselib", "ustat"),
    "without effect in any kernel of today": (
        "afs_syscall", "break", "create_module", "ftime", "get_kernel_syms", "getpmsg", "gtty", "idle", "lock", "mpx",
        "multiplexer", "prof", "profil", "putpmsg", "query_module", "security", "stty", "timerfd", "tuxcall",
        "ulimit", "vserver",
    ),
}

# personality(2): ordinary, 32-bit, both also claiming to be Linux 2.6, and the question which one it is.
PERSONALITIES = (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)

# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET: clone(2) with any of them needs CAP_SYS_ADMIN.
NAMESPACE_FLAGS = 0x7E020000

# Address families of socket(2) up to the newest one decided (AF_MCTP); newer ones are refused.
NEWEST_FAMILY = 45
REFUSED_FAMILIES: dict[int, str] = {
    12: "AF_DECnet: gone since Linux 6.1",
    19: "AF_ECONET: gone since 3.5",
    20: "AF_ATMSVC",
    23: "AF_IRDA: gone since 4.17",
    25: "AF_WANPIPE: gone since 2.6.21",
    34: "AF_ISDN",
    37: "AF_CAIF",
    38: "AF_ALG: CVE-2026-31431, any user writes to the page cache",
    40: "AF_VSOCK: reaches the hypervisor and other virtual machines, and knows no network namespaces",
}
# fmt: on
