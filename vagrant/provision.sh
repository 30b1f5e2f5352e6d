#!/bin/sh
# Tries the runtime on a machine, as root on it: packages from wherever they are kept today, an interpreter, the suites.
#
#     provision.sh NAME KERNEL PYTHON     a line of the file `machines`
#     provision.sh mirrors NAME           only the addresses of its packages
#
# Needs /tmp/luggage-{checkout.tar.gz,library.tar.gz,runtime}, which ci/boxes.py packs; leaves all that was found in
# /var/tmp/results. For any POSIX shell, back to the dash of 2011 and bash 3, and for what coreutils had then.

set -u

# Where packages are kept that the mirrors have no more.
: "${CENTOS_VAULT:=http://vault.centos.org}"
: "${DEBIAN_ARCHIVE:=http://archive.debian.org/debian}"
: "${UBUNTU_ARCHIVE:=http://old-releases.ubuntu.com/ubuntu}"

# What is run, as ci/within.py takes it: tests, and flags of containers.
: "${SUITES:=tests/arch tests/probes tests/backends tests/live/test_execution.py}"
: "${RUNS:=\"\", \"--memory 64m --pids-limit 20\"}"

# Whose absence leaves something untried, never a failure.
APT='iproute2 iproute lxc dmsetup btrfs-tools btrfs-progs uidmap'
YUM='iproute lxc device-mapper-persistent-data btrfs-progs shadow-utils'
ZYPPER='iproute2 lxc thin-provisioning-tools btrfsprogs shadow'
APK='iproute2 lxc btrfs-progs shadow-uidmap util-linux tar'
PACMAN='iproute2 lxc thin-provisioning-tools btrfs-progs shadow'

only=
if [ "$1" = mirrors ]; then only=mirrors name=$2; else name=$1 kernel=$2 python=$3; fi
etc=${ETC:-/etc}
work=/var/tmp/runtime-checkout program=/var/tmp/runtime-one-file results=/var/tmp/results
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" RESULTS="$results"

say() { printf '%s\n' "provision: $*" | tee -a "$results/provision.log"; }
try() { "$@" >>"$results/packages.log" 2>&1; }
release() { sed -n "s/^$1=//p" /etc/os-release 2>/dev/null | tr -d \"; }

# ------------------------------------------------------------------------------------------------------- mirrors

# $1: the address of the archive, $2: its suites, $3: their components
write_sources() {
    [ -e "$etc/apt/sources.list.before" ] || cp "$etc/apt/sources.list" "$etc/apt/sources.list.before"
    rm -f "$etc"/apt/sources.list.d/*.list "$etc"/apt/sources.list.d/*.sources
    for suite in $2; do echo "deb $1 $suite $3"; done >"$etc/apt/sources.list"
    # The keys of these suites have expired, and what is archived changes no more.
    printf '%s\n' 'Acquire::Check-Valid-Until "false";' 'APT::Get::AllowUnauthenticated "true";' \
        'Acquire::AllowInsecureRepositories "true";' >"$etc/apt/apt.conf.d/99archived"
}

# $1: the release that the archive has
point_yum_to_vault() {
    for file in "$etc"/yum.repos.d/CentOS-*.repo; do
        sed -i -e 's/^mirrorlist=/#mirrorlist=/' \
            -e "s|^#* *baseurl=http://mirror.centos.org/centos/\$releasever/|baseurl=$CENTOS_VAULT/$1/|" "$file"
    done
}

set_mirrors() {
    case $name in
        centos-6) point_yum_to_vault 6.10 ;;
        centos-7) point_yum_to_vault 7.9.2009 ;;
        ubuntu-12.04) write_sources "$UBUNTU_ARCHIVE" 'precise precise-updates' 'main universe' ;;
        debian-7) write_sources "$DEBIAN_ARCHIVE" wheezy main ;;
        debian-8) write_sources "$DEBIAN_ARCHIVE" jessie main ;;
        debian-9) write_sources "$DEBIAN_ARCHIVE" stretch main ;;
        debian-10) write_sources "$DEBIAN_ARCHIVE" buster main ;;
    esac
}

# ------------------------------------------------------------------------------------------------------ packages

# One at a time, because no two releases have the same: $1 is the command, the rest are packages.
each() {
    command=$1
    shift
    for package in "$@"; do
        # shellcheck disable=SC2086 # words are meant
        try $command "$package" || say "not installed: $package"
    done
}

install_programs() {
    own=
    # shellcheck disable=SC2086 # words are meant
    if command -v apt-get >/dev/null; then
        export DEBIAN_FRONTEND=noninteractive
        [ "$python" = - ] || own="$python $python-venv"
        try apt-get -q update || say 'apt-get update failed: see packages.log'
        each 'apt-get -q -y --no-install-recommends install' $own $APT
    elif command -v zypper >/dev/null; then
        [ "$python" = - ] || own=$(echo "$python" | tr -d .)
        each 'zypper --non-interactive install' $own $ZYPPER
    elif command -v yum >/dev/null; then
        [ "$python" = - ] || own=$python
        each 'yum -q -y install' $own $YUM
    elif command -v apk >/dev/null; then
        each 'apk add' $python $APK
    elif command -v pacman >/dev/null; then
        try pacman -Sy --noconfirm archlinux-keyring || say 'pacman -Sy failed: see packages.log'
        each 'pacman -S --needed --noconfirm' python $PACMAN
    else
        say 'no package manager that is known here'
    fi
}

# --------------------------------------------------------------------------------------------------- interpreter

# The environment that a user makes, or the interpreter of the one file; both get pytest from the luggage.
find_interpreter() {
    if [ "$python" != - ]; then
        if PYTHON=$python try "$work/up" setup; then
            interpreter=$work/.venv/bin/python
            export PYTHONPATH="$work/library/packages"
            say "interpreter: $("$interpreter" --version 2>&1) in an environment, from $python"
            return
        fi
        say "no environment from $python (see packages.log); going on with the one file"
    fi
    interpreter=$(RUNTIME_BUNDLE=/var/tmp/bundle "$program" --version >/dev/null && ls /var/tmp/bundle/*/bin/python)
    [ -x "$interpreter" ] || { say 'the one file does not start'; exit 1; }
    inside=${interpreter%/bin/python}
    export PYTHONPATH="$work/library/packages:$inside/packages:$work/library/standard"
    say "interpreter: $("$interpreter" --version 2>&1), from the one file"
}

# -------------------------------------------------------------------------------------------------------- story

if [ "$only" = mirrors ]; then
    set_mirrors
    exit
fi
[ "$(id -u)" = 0 ] || { echo 'provision: has to be root' >&2; exit 1; }
rm -rf "$work" "$results" /var/tmp/bundle
mkdir -p "$work/library" "$results"
for file in checkout.tar.gz library.tar.gz runtime; do
    [ -e "/tmp/luggage-$file" ] || { say "/tmp/luggage-$file is missing: run ci/boxes.py pack"; exit 1; }
done
tar -xzf /tmp/luggage-checkout.tar.gz -C "$work"
tar -xzf /tmp/luggage-library.tar.gz -C "$work/library"
cp /tmp/luggage-runtime "$program"
chmod 755 "$program"

say "$name: $(release PRETTY_NAME), kernel $(uname -r)"
# shellcheck disable=SC2254 # a pattern is meant
case $(uname -r) in
    $kernel*) ;;
    *) say "a kernel $kernel was expected" ;;
esac
set_mirrors
install_programs

# The one file has to start everywhere, whatever else there is.
if RUNTIME_BUNDLE=/var/tmp/bundle "$program" doctor >"$results/one-file.txt" 2>&1 || [ $? -lt 125 ]; then
    say "the one file starts"
else
    say "the one file does not start: $(tail -1 "$results/one-file.txt")"
fi
find_interpreter
cd "$work" || exit 1
"$interpreter" ci/within.py "{\"runs\": [$RUNS], \"refused\": [], \"tests\": \"$SUITES\"}" 2>&1 | tail -40
[ -s "$results/host.json" ] || { say 'no host was recorded'; exit 1; }
say "done: host.json, doctor.txt and what else was found are in $results"
