"""A program that runs another one, waits for its end, and tells how that came: for who is not the parent of a process
and wants its wait status all the same. An ELF executable that needs nothing of the root that it runs in.

    PROGRAM PATH ARGUMENT-0 ...     executes PATH with the arguments, and writes the status of wait(2), 4 bytes, to
                                    descriptor 3, which PATH does not get; 127 is that of a PATH that is not executed

In C:

    if ((child = fork()) == 0) { close(3); execve(argv[1], argv + 2, envp); exit_group(127); }
    while (wait4(-1, &status, 0, 0) != child) ;
    write(3, &status, 4);
    exit_group(0);

with arm64's clone(SIGCHLD, 0, 0, 0, 0) for fork. `tests/arch/test_waiting.py` runs them all.
"""

from __future__ import annotations

from arch.smallest import executable

STATUS = 3  # the descriptor

_CODE: dict[str, str] = {
    "x86_64": (
        "4989e4b8390000000f0585c07532bf03000000b8030000000f05498b0424498d742418498d54c410498b7c2410b83b00"
        "00000f05bf7f000000b8e70000000f0589c34883ec10bfffffffff4889e631d24531d2b83d0000000f0539d875e8bf03"
        "0000004889e6ba04000000b8010000000f0531ffb8e70000000f05"
    ),
    "arm64": (
        "f3030091200280d2010080d2020080d2030080d2040080d2881b80d2010000d4c00100b5600080d2280780d2010000d4"
        "630240f961620091620e038b42400091600a40f9a81b80d2010000d4e00f80d2c80b80d2010000d4f403002aff4300d1"
        "00008092e1030091020080d2030080d2882080d2010000d41f00146b21ffff54600080d2e1030091820080d2080880d2"
        "010000d4000080d2c80b80d2010000d4"
    ),
    "arm": (
        "0d80a0e10270a0e3000000ef000050e30c00001a0300a0e30670a0e3000000ef003098e50c1088e2032188e0082082e2"
        "080098e50b70a0e3000000ef7f00a0e3f870a0e3000000ef0090a0e110d04de20000e0e30d10a0e10020a0e30030a0e3"
        "7270a0e3000000ef090050e1f7ffff1a0300a0e30d10a0e10420a0e30470a0e3000000ef0000a0e3f870a0e3000000ef"
    ),
    "ppc64le": (
        "780b2e7c02000038020000440000032c3c0082400300603806000038020000440000cee818008e38241fc6781432ae7c"
        "1000a53810006ee80b000038020000447f006038ea00003802000044781b6f7ce0ff2138ffff6038780b247c0000a038"
        "0000c03872000038020000440078037ce4ff824003006038780b247c0400a038040000380200004400006038ea000038"
        "02000044"
    ),
}


def program(architecture: str) -> bytes:
    """The file's content; empty for a machine whose instructions are not known here."""
    code = _CODE.get(architecture)
    return b"" if code is None else executable(architecture, bytes.fromhex(code))
