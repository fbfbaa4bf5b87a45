import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = """
import threading
from exporter.intake.allocator import give_back_large_blocks

def resident_kib():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))

kept = []

def hold_and_forget():
    for _ in range(3):
        blocks = []
        for _ in range(30):
            blocks.append(b"x" * (1 << 20))
            kept.append(b"x" * 2_000)

known = give_back_large_blocks()
before = resident_kib()
threads = [threading.Thread(target=hold_and_forget) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(known, resident_kib() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_threads_that_held_large_blocks_leave_none_of_them_behind():
    ran = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True)
    known, grown_kib = ran.stdout.split()
    assert known == "True" or "musl" in sys.version.lower()
    assert int(grown_kib) < 10_000
