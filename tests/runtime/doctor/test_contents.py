"""What an image holds, from images made of a few bytes."""

from __future__ import annotations

import struct

from runtime.doctor import contents
from runtime.doctor.contents import Contents
from tests.arch.test_elf import dynamic_program, note, program

GNU = b"GNU C Library (GNU libc) stable release version 2.12, by Roland McGrath et al."


def read(files: dict[str, bytes], architecture: str = "amd64", **settings: object) -> Contents:
    return contents.read(lambda path, limit: files.get(path, b"")[:limit], "linux/x", architecture, settings)


def test_the_program_is_found_on_the_images_own_path() -> None:
    found = read({"opt/run": program()}, Cmd=["run"], Env=["PATH=/usr/bin:/opt"])
    assert [one.path for one in found.programs] == ["/opt/run"]


def test_a_script_is_one_and_the_shell_tells_the_rest() -> None:
    found = read({"start": b"#!/bin/sh\n", "bin/sh": program(183)}, Entrypoint=["/start"])
    assert [(one.path, one.problem) for one in found.programs] == [("/start", "a script"), ("/bin/sh", "")]
    assert found.main is not None
    assert found.main.executable is not None
    assert found.main.executable.architecture.oci == "arm64"


def test_a_c_library_tells_its_version_and_its_kernel() -> None:
    files = {
        "bin/sh": program(interpreter=b"/lib64/ld-linux-x86-64.so.2\0"),
        "lib64/libc.so.6": program(notes=note(2, 6, 18)) + GNU,
    }
    found = read(files)
    assert (found.libc, found.kernel) == ("glibc 2.12", (2, 6, 18))


def test_a_c_library_of_another_machine_is_not_the_programs() -> None:
    files = {"bin/sh": program(183), "lib64/libc.so.6": program(notes=note(9, 9, 9)) + GNU}
    assert (read(files).libc, read(files).kernel) == ("", None)


def test_musl_is_known_by_its_loader_and_apks_list() -> None:
    files = {
        "bin/sh": program(interpreter=b"/lib/ld-musl-x86_64.so.1\0"),
        "lib/apk/db/installed": b"P:busybox\nV:1.36\n\nP:musl\nV:1.2.4-r2\nA:x86_64\n",
    }
    assert read(files).libc == "musl 1.2.4"


def test_systemd_is_known_by_its_library_or_by_its_own_word() -> None:
    assert read({"lib/systemd/systemd": dynamic_program((1, "libsystemd-shared-252.so"))}).systemd == 252
    assert read({"usr/lib/systemd/systemd": program() + b"\0systemd 219\0"}).systemd == 219
    assert read({}).systemd == 0


def test_an_image_that_starts_an_init_boots() -> None:
    assert read({}, Cmd=["/sbin/init"]).boots
    assert not read({}, Cmd=["sh"]).boots


def test_the_alignment_of_the_least_segment_counts() -> None:
    files = {"bin/sh": bytearray(program())}
    struct.pack_into("<Q", files["bin/sh"], 64 + 48, 4096)
    main = read({"bin/sh": bytes(files["bin/sh"])}).main
    assert main is not None
    assert main.executable is not None
    assert main.executable.align == 4096


def test_an_empty_image_has_nothing() -> None:
    assert read({}, Cmd=["sh"]).programs == ()


def test_nonsense_is_no_program() -> None:
    assert [one.problem for one in read({"bin/sh": b"\x7fELFxx"}).programs] == [
        "the ELF header is cut off, or of no known class or byte order"
    ]
