"""Writes the commands of an environment: .venv/bin/runtime and .venv/bin/runtime-oci.

    .venv/bin/python ci/launchers.py

They start the interpreter with -I -S, which ignores PYTHON* variables and the folder of the caller (they often run as
root) and leaves out `site`: 9 ms instead of 13. So they say themselves where the code and its dependencies are.
"""

from __future__ import annotations

import os
import sys
import sysconfig

COMMANDS = {"runtime": "runtime.cli.main", "runtime-oci": "runtime.oci.main"}

# A line "#!" may be 127 bytes long (255 since 5.1) and cannot quote; sh can, and takes the rest as its own business.
LONGEST = 127

SCRIPT = """\
{interpreter}
import os
import sys

sys.path[:0] = {places!r}
# Bytecode is written by the owner of the code only: root would leave files that the owner cannot remove.
sys.dont_write_bytecode = os.stat({root!r}).st_uid != os.geteuid()

from {module} import main

sys.exit(main())
"""


def interpreter(python: str) -> str:
    line = f"#!{python} -IS"
    if len(line) < LONGEST and not any(character.isspace() for character in python):
        return line
    quoted = python.replace('"', '\\"')
    return f"#!/bin/sh\n'''exec' \"{quoted}\" -IS \"$0\" \"$@\"\n' '''"


def script(module: str, root: str, python: str, packages: list[str]) -> str:
    return SCRIPT.format(interpreter=interpreter(python), places=[root, *packages], root=root, module=module)


def main() -> int:
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folder = os.path.join(sys.prefix, "bin")
    packages = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    packages += [path for path in sys.path if path.endswith("dist-packages")]
    for name, module in COMMANDS.items():
        path = os.path.join(folder, name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(script(module, root, os.path.join(folder, "python"), packages))
        os.chmod(path + ".new", 0o755)
        os.replace(path + ".new", path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
