"""What `@host` takes from this machine, where it is there. Data only."""

from __future__ import annotations

# Without one of these there is no image.
SHELLS = ("sh", "bash", "busybox")

PROGRAMS = (
    *SHELLS,
    *"""
    [ awk base64 basename cat chgrp chmod chown chroot clear cmp comm cp cut date dd df diff dirname
    dmesg du echo egrep env expand expr factor false fgrep find fold free getopt grep groups gunzip gzip
    head hostname id install ionice ip join kill less link ln logname ls lsns md5sum mkdir mkfifo mknod
    mktemp more mount mountpoint mv nc netstat nice nl nohup nproc nsenter numfmt od paste pgrep pidof
    ping pkill printenv printf prlimit ps pwd readlink realpath rev rm rmdir sed seq setpriv setsid
    sha256sum shred shuf sleep sort split ss stat stdbuf stty sum sync sysctl tac tail tar taskset tee
    test timeout top touch tr true truncate tsort tty umount uname unexpand uniq unlink unshare uptime
    vi vmstat watch wc which who whoami xargs yes zcat
    """.split(),
)

# Where programs are looked for: the system's own first, so that what a user put into PATH does not change the image.
FOLDERS = ("/usr/bin", "/bin", "/usr/sbin", "/sbin", "/run/current-system/sw/bin")

# Loaded by name at run time, so no header asks for them: glibc before 2.34 needs them to tell users' names and hosts.
LOADED = ("libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2", "libgcc_s.so.1")

TERMINALS = tuple(
    "ansi dumb linux rxvt screen screen-256color tmux tmux-256color vt100 vt220 xterm xterm-256color".split()
)
TERMINFO = ("/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo", "/usr/lib/terminfo")

# Where libraries are, besides what /etc/ld.so.conf says: ld.so(8), and musl's ldso/dynlink.c.
LIBRARIES = ("/lib64", "/usr/lib64", "/lib", "/usr/lib", "/lib32", "/usr/lib32", "/usr/local/lib")

DIRECTORIES = (
    ("dev", 0o755),
    ("etc", 0o755),
    ("home", 0o755),
    ("mnt", 0o755),
    ("opt", 0o755),
    ("proc", 0o555),
    ("root", 0o700),
    ("run", 0o755),
    ("srv", 0o755),
    ("sys", 0o555),
    ("tmp", 0o1777),
    ("usr", 0o755),
    ("usr/bin", 0o755),
    ("usr/lib", 0o755),
    ("usr/sbin", 0o755),
    ("usr/share", 0o755),
    ("var", 0o755),
    ("var/lib", 0o755),
    ("var/log", 0o755),
    ("var/tmp", 0o1777),
)

# Folders at the top that are links into /usr, as distributions have them since they merged the two.
MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")

TEXTS = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/:/bin/false\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
    "etc/group": "root:x:0:\ndaemon:x:1:\ntty:x:5:\nusers:x:100:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "etc/shells": "/bin/sh\n/bin/bash\n",
    "etc/hostname": "",
    "etc/hosts": "",
    "etc/resolv.conf": "",
}

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
