"""What the process that starts a container imports decides how fast that is: this budget holds it.

Measured here above a bare start of 9 ms: dataclasses 17, logging 15, subprocess 13, pathlib 12, typing 11, argparse 10,
json 9 (`re`), tempfile and shutil more.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.house.sources import ROOT, module_name, python_files

FORBIDDEN = (
    "argparse",
    "click",
    "dataclasses",
    "enum",
    "inspect",
    "json",
    "logging",
    "pathlib",
    "pyroute2",
    "re",
    "shutil",
    "socket",
    "subprocess",
    "tempfile",
    "typing",
)

# Everything that the monitor imports, at once or when it comes to that.
LAUNCH_PATH = [
    "arch.kernel",
    "arch.syscalls",
    "backends.contract",
    "probes.finding",
    "probes.report",
    *(module_name(path) for path in python_files("backends/execution", "backends/cgroups", "runtime/monitor")),
]

# Of runtime-oci what nobody waits for.
COLD = ("/guide.py", "/version.py", "/example.py")

# What `run` and `exec` import besides: the two commands that people wait for.
HOT = [
    "runtime.cli.commands.exec",
    "runtime.cli.commands.run",
    "runtime.cli.direct",
    "runtime.cli.executing",
    "runtime.cli.main",
    "runtime.cli.running",
    "runtime.containers.creation",
    "runtime.containers.execution",
    "runtime.containers.launch",
    "runtime.engine",
    "runtime.images.store",
    *(module_name(path) for path in python_files("runtime/oci") if not path.endswith(COLD)),
]

PROGRAM = """
import sys
sys.path[:0] = sys.argv[1].split(":")
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name in sys.argv[3:]:
            frame, chain = sys._getframe(1), []
            while frame:
                module = frame.f_globals.get("__name__", "")
                if not module.startswith(("importlib", "_frozen")) and module not in chain:
                    chain.append(module)
                frame = frame.f_back
            print(name, "<-", *chain[:3])
sys.meta_path.insert(0, Watch())
__import__(sys.argv[2])
"""


def packages() -> str:
    import _cffi_backend

    return os.path.dirname(os.path.abspath(str(_cffi_backend.__file__)))


@pytest.mark.parametrize("module", sorted({*LAUNCH_PATH, *HOT}))
def test_importing_stays_within_the_budget(module: str) -> None:
    command = [sys.executable, "-I", "-S", "-c", PROGRAM, f"{ROOT}:{packages()}", module, *FORBIDDEN]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == []
