"""The one file of this machine on a root that has busybox, and nothing else: no Python, no libc, no /etc."""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from arch import native, syscalls
from ci import bundle, images, interpreter

pytestmark = [
    pytest.mark.live,
    pytest.mark.xdist_group("bundle"),  # it is built once
    pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a root of its own"),
    pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler here"),
    pytest.mark.skipif(not os.path.exists("/bin/busybox"), reason="there is no busybox here"),
]

# A private view: nothing of it shows outside, and nothing has to be unmounted.
ENTER = """\
root=$1
shift
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
exec chroot "$root" /bin/sh -c "$@"
"""


@pytest.fixture(scope="module")
def file() -> Iterator[bytes]:
    """With the system's compiler in zig's place: the code is the same, and zig is large."""
    with tempfile.TemporaryDirectory() as folder:
        compiler = ["cc", "-static", "-Os", "-s", "-Wno-unused-result", "-o", f"{folder}/launcher"]
        subprocess.run([*compiler, f"{bundle.ROOT}/ci/launcher.c"], check=True)
        try:
            os.makedirs(images.cache(), exist_ok=True)
            with open(f"{images.cache()}/.bundle", "w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                bundle.lay_out(interpreter.host(), interpreter.SUITE, f"{folder}/tree")
        except (subprocess.CalledProcessError, FileNotFoundError) as error:
            pytest.skip(f"what it is made of cannot be fetched: {error}")
        yield bundle.join(Path(folder, "launcher").read_bytes(), bundle.pack(f"{folder}/tree"))


@pytest.fixture
def root(file: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="bundle-root-") as folder:
        made = Path(folder)
        for name in ("bin", "proc", "sys", "dev", "run", "tmp"):
            (made / name).mkdir()
        shutil.copy("/bin/busybox", made / "bin/busybox")
        for applet in ("sh", "echo", "id", "true"):
            (made / "bin" / applet).symlink_to("busybox")
        (made / "runtime").write_bytes(file)
        (made / "runtime").chmod(0o755)
        (made / "runtime-oci").symlink_to("runtime")
        yield made


def inside(root: Path, script: str, *before: str) -> subprocess.CompletedProcess[str]:
    command = [*before, "unshare", "--mount", "--propagation", "private", "sh", "-ec", ENTER, "sh", str(root), script]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, env={"PATH": "/bin:/sbin:/usr/bin"})


def test_both_commands_start_where_there_is_no_python(root: Path) -> None:
    done = inside(root, "/runtime --version && /runtime-oci --version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("runtime version")
    assert "runtime-oci version" in done.stdout


def test_a_container_runs_where_there_is_no_python(root: Path) -> None:
    done = inside(root, "/runtime run --rm @host sh -c 'echo this is $(id -u)'")
    assert (done.returncode, done.stdout) == (0, "this is 0\n"), done.stderr


def test_the_interpreter_cannot_be_executed_from_a_container(root: Path) -> None:
    """CVE-2019-5736: who executes it holds a handle on the host's file."""
    done = inside(root, "/runtime run --rm @host /proc/self/exe")
    assert done.returncode == 126
    assert "leads out of the container" in done.stderr


def unpacked(root: Path) -> Path:
    """Where it lies as seen from outside."""
    assert inside(root, "/runtime --version").returncode == 0
    (found,) = (path for path in (root / "var/cache/runtime").iterdir() if path.is_dir())
    return found


def test_everything_that_the_program_imports_is_in_the_file(root: Path) -> None:
    folder = unpacked(root)
    paths = [str(path.relative_to(folder / "program")) for path in (folder / "program").rglob("*.py")]
    names = sorted({path[:-3].replace("/", ".").removesuffix(".__init__") for path in paths})
    here = f"/{folder.relative_to(root)}"
    script = f"import sys\nsys.path[:0] = ['{here}/program', '{here}/packages']\n"
    (root / "all.py").write_text(script + "".join(f"import {name}\n" for name in names))
    done = inside(root, f"{here}/bin/python -I -S /all.py")
    assert (done.returncode, done.stderr) == (0, "")


def test_layers_are_expanded_where_there_is_no_zstd(root: Path) -> None:
    here = f"/{unpacked(root).relative_to(root)}"
    lines = [
        "import io, sys",
        f"sys.path[:0] = ['{here}/program', '{here}/packages']",
        "from runtime.images import compression",
        # A frame with one raw block: RFC 8878
        "frame = bytes.fromhex('28b52ffd2004210000') + b'data'",
        "print(compression._expand_zstd(io.BytesIO(frame)).read())",
    ]
    (root / "expand.py").write_text("\n".join(lines))
    done = inside(root, f"{here}/bin/python -I -S /expand.py")
    assert (done.stdout, done.stderr) == ("b'data'\n", "")


def test_kernels_before_5_18_find_the_program_headers_where_the_program_has_them(root: Path) -> None:
    """They take AT_PHDR from the first segment and e_phoff, not from PT_PHDR; a program whose loader was changed may
    have the two apart, and its loader then reads anything."""
    content = (unpacked(root) / "bin/python").read_bytes()
    if content[4] != 2:
        pytest.skip("programs of 32 bits are laid out otherwise")
    (offset,) = struct.unpack_from("<Q", content, 32)
    (count,) = struct.unpack_from("<H", content, 56)
    segments = [struct.unpack_from("<IIQQ", content, offset + 56 * number) for number in range(count)]
    first = next(segment for segment in segments if segment[0] == 1)
    (said,) = (segment[3] for segment in segments if segment[0] == 6)
    assert first[3] - first[2] + offset == said


# A process as it would be on Linux 2.6.32, as far as calls go: no younger call, and no AT_EMPTY_PATH (2.6.39).
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_ENOSYS, _EINVAL, _ALLOW = 0x50000 | 38, 0x50000 | 22, 0x7FFF0000


def old_kernel() -> bytes:
    numbers = native.numbers()
    young = [number for name, number in numbers.items() if (syscalls.since(name) or (0,)) > (2, 6, 32)]
    lines = [(_LOAD, 0, 0, 0)]
    for number in sorted(young):
        lines += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ENOSYS)]
    stat = numbers.get("newfstatat", numbers.get("fstatat64", -1) & 0xFFFFFFFF)
    lines += [(_EQUAL, 0, 3, stat), (_LOAD, 0, 0, 16 + 8 * 3), (_ANY_BIT, 0, 1, 0x1000), (_RETURN, 0, 0, _EINVAL)]
    lines += [(_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


def test_it_starts_without_any_call_younger_than_the_oldest_kernel(root: Path) -> None:
    program = "import os, sys\nfrom arch import kernel\nkernel.seccomp_filter(bytes.fromhex(sys.argv[1]))\n"
    start = f"{program}os.execv(sys.argv[2], sys.argv[2:])"
    command = [sys.executable, "-c", start, old_kernel().hex(), str(root / "runtime"), "--version"]
    place = {"RUNTIME_BUNDLE": str(root / "place"), "PATH": os.defpath}
    done = subprocess.run(command, cwd=bundle.ROOT, env=place, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout[:15]) == (0, "runtime version"), done.stderr


def test_the_file_is_no_larger_than_promised(file: bytes) -> None:
    assert len(file) <= bundle.MOST
