"""Runs a command and writes its cost: measured.py FILE COMMAND… -> {"seconds", "peak_bytes", "status"} in FILE.

A small separate process, since a child's peak memory includes that of its parent at the fork.
"""

import json
import resource
import subprocess
import sys
import time

start = time.perf_counter()
status = subprocess.call(sys.argv[2:])
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
with open(sys.argv[1], "w") as out:
    json.dump({"seconds": seconds, "peak_bytes": peak, "status": status}, out)
