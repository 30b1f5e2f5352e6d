from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_PROGRAM = """
import json, re, runtime.monitor.main
from runtime.monitor.memory import rest

def resident():
    with open("/proc/self/status") as file:
        return int(next(line for line in file if line.startswith("RssFile")).split()[1])

before = resident()
rest()
after = resident()
assert re.sub("a+", "b", "caat") == "cbt" and json.loads(json.dumps({"x": [1.5]})) == {"x": [1.5]}
print(before, after)
"""


@pytest.mark.live
def test_program_text_is_given_back_and_still_runs() -> None:
    if "RssFile" not in Path("/proc/self/status").read_text():
        pytest.skip("this kernel does not tell file pages apart (Linux 4.5)")
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", _PROGRAM], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    before, after = map(int, done.stdout.split())
    assert after < before * 0.9
