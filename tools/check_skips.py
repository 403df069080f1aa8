#!/usr/bin/env python3
"""Which tests did not run, and may they? Reads the output of CTest; prints each breach, exit 1 if there is one.

    ctest -N > tests.txt; ctest | tee test.log; tools/check_skips.py test.log tests.txt

tests/skips.txt has a line for each group of tests that may be skipped: `PATTERN | CONDITION | REASON`. A test may be
skipped if it matches a pattern whose condition holds:

  always            on every machine
  no PATH           a file is not here: below the cache ($LINNET_CACHE) if it begins with models/, else below the repository
  no $NAME          an environment variable is not set
  no cpu FLAG       the processor lacks it (/proc/cpuinfo)
  no terminals      no pseudo-terminal can be had
  sanitizers        the build has them

The list is checked as well: a pattern matches a test of the build (of the modules that are built), and where its condition
holds and its tests were run, one of them is skipped.
"""

import fnmatch
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LISTED = re.compile(r"^\s*Test\s+#\d+: (\S+)", re.MULTILINE)
STARTED = re.compile(r"^\s*\d+/\d+ Test\s+#\d+: (\S+)", re.MULTILINE)
NOT_RUN = re.compile(r"^\s+\d+ - (\S+)(?: .*)? \((?:Skipped|Disabled|Not Run)\)$", re.MULTILINE)
WORDS = ("always", "no terminals", "sanitizers")


class Entry:
    def __init__(self, line, text):
        parts = [part.strip() for part in text.split("|")]
        if len(parts) != 3 or not all(parts):
            raise ValueError(f"tests/skips.txt:{line}: a line is PATTERN | CONDITION | REASON, not '{text}'")
        self.line, (self.pattern, self.condition, self.reason) = line, parts
        if self.condition not in WORDS and not self.condition.startswith("no "):
            raise ValueError(f"tests/skips.txt:{line}: no condition is '{self.condition}'")
        self.matches = re.compile(fnmatch.translate(self.pattern)).match


def entries(text):
    lines = enumerate(text.splitlines(), 1)
    return [Entry(number, line) for number, line in lines if line.strip() and not line.startswith("#")]


def terminals_here():
    try:
        for end in os.openpty():
            os.close(end)
        return True
    except OSError:
        return False


def cache():
    """The folder of models, as tests/scratch.h finds it."""
    set_to = os.environ.get
    return pathlib.Path(set_to("LINNET_CACHE") or f"{set_to('XDG_CACHE_HOME') or set_to('HOME', '') + '/.cache'}/linnet")


def holds(condition, sanitized):
    if condition in WORDS:
        return {"always": True, "sanitizers": sanitized}.get(condition, not terminals_here())
    what = condition.removeprefix("no ")
    if what.startswith("$"):
        return what[1:] not in os.environ
    if what.startswith("cpu "):
        return what.removeprefix("cpu ") not in pathlib.Path("/proc/cpuinfo").read_text().split()
    return not ((cache() if what.startswith("models/") else ROOT) / what).exists()


def breaches(listed, ran, skipped, allowed, true):
    """`true(condition)`: does it hold here? The names are of all tests of the build, those that were run, those skipped."""
    for name in sorted(skipped):
        reasons = [e for e in allowed if e.matches(name)]
        if not any(true(e.condition) for e in reasons):
            known = "".join(f"; tests/skips.txt:{e.line} allows it only with '{e.condition}'" for e in reasons)
            yield f"{name} was skipped{known or ', and is not in tests/skips.txt'}"
    modules = {name.split(".")[0] for name in listed}
    for e in allowed:
        if e.pattern.split(".")[0] in modules and not any(e.matches(name) for name in listed):
            yield f"tests/skips.txt:{e.line}: no test is named {e.pattern}"
        tried = {name for name in ran if e.matches(name)}
        if tried and true(e.condition) and not tried & skipped:
            yield f"tests/skips.txt:{e.line}: {e.pattern} runs with '{e.condition}': remove the line"


def main():
    log, listed = (pathlib.Path(file).read_text(errors="replace") for file in sys.argv[1:3])
    sanitized = "-fsanitize=" in "".join(
        line for line in (pathlib.Path(sys.argv[1]).parent / "CMakeCache.txt").read_text().splitlines() if line.startswith("CMAKE_CXX_FLAGS_")
    )
    allowed = entries((ROOT / "tests" / "skips.txt").read_text())
    found = list(breaches(set(LISTED.findall(listed)), set(STARTED.findall(log)), set(NOT_RUN.findall(log)), allowed,
                          lambda condition: holds(condition, sanitized)))
    for breach in found:
        print(f"skips: error: {breach}")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
