#!/usr/bin/env python3
"""The rules of tools/check_skips.py on small logs of CTest."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import check_skips

LISTED = """
  Test   #1: io.Gguf.Reads
  Test   #2: io.Gguf.Real/a  # GetParam() = 1-byte object <00>
  Test   #3: io.Gguf.Real/b  # GetParam() = 1-byte object <01>
  Test   #4: cli_test_NOT_BUILT
"""
LOG = """
        Start 1: io.Gguf.Reads
1/3 Test #1: io.Gguf.Reads ..............................   Passed    0.02 sec
2/3 Test #2: io.Gguf.Real/a  # GetParam() = 1-byte object <00> ...***Skipped   0.01 sec
3/3 Test #3: io.Gguf.Real/b  # GetParam() = 1-byte object <01> ...   Passed    0.01 sec

100% tests passed, 0 tests failed out of 3

The following tests did not run:
\t  2 - io.Gguf.Real/a  # GetParam() = 1-byte object <00> (Skipped)
"""


def breaches(skips, true=("always",), log=LOG):
    names = [set(pattern.findall(text)) for pattern, text in
             ((check_skips.LISTED, LISTED), (check_skips.STARTED, log), (check_skips.NOT_RUN, log))]
    return list(check_skips.breaches(*names, check_skips.entries(skips), lambda condition: condition in true))


class Skips(unittest.TestCase):
    def test_an_entry_allows_its_tests(self):
        self.assertEqual(breaches("# text\n\nio.Gguf.Real/* | no data | because\n", {"no data"}), [])

    def test_a_skip_without_an_entry(self):
        self.assertEqual(breaches(""), ["io.Gguf.Real/a was skipped, and is not in tests/skips.txt"])

    def test_an_entry_allows_nothing_where_its_condition_does_not_hold(self):
        found = breaches("io.Gguf.Real/* | no data | because")
        self.assertEqual(found, ["io.Gguf.Real/a was skipped; tests/skips.txt:1 allows it only with 'no data'"])

    def test_one_of_two_conditions_is_enough(self):
        self.assertEqual(breaches("io.Gguf.Real/* | no data | b\nio.Gguf.Real/* | no model | b", {"no model"}), [])

    def test_an_entry_that_no_test_uses(self):
        allowed = "io.Gguf.Real/a | always | because\n"
        self.assertEqual(breaches(allowed + "io.Gguf.Reads | always | because"),
                         ["tests/skips.txt:2: io.Gguf.Reads runs with 'always': remove the line"])
        self.assertEqual(breaches(allowed + "io.Gguf.Gone | no data | because"),
                         ["tests/skips.txt:2: no test is named io.Gguf.Gone"])

    def test_entries_of_modules_that_are_not_built_are_left_alone(self):
        self.assertEqual(breaches("io.Gguf.Real/a | always | because\ncli.Chat.* | no terminals | because"), [])

    def test_a_test_that_ctest_could_not_run_is_a_skip(self):
        self.assertEqual(len(breaches("", log=LOG.replace("(Skipped)", "(Not Run)"))), 1)

    def test_a_line_has_three_parts_and_a_condition(self):
        for line in ("io.Gguf.Real/a | always", "io.Gguf.Real/a | always | ", "io.Gguf.Real/a | sometimes | because"):
            self.assertRaises(ValueError, check_skips.entries, line)


class Conditions(unittest.TestCase):
    def test_of_this_machine(self):
        self.assertTrue(check_skips.holds("always", False))
        self.assertTrue(check_skips.holds("sanitizers", True))
        self.assertFalse(check_skips.holds("sanitizers", False))
        self.assertTrue(check_skips.holds("no cpu such-instructions", False))
        self.assertTrue(check_skips.holds("no $LINNET_NO_SUCH_VARIABLE", False))
        self.assertFalse(check_skips.holds("no tests/skips.txt", False))
        self.assertTrue(check_skips.holds("no models/such-a-model", False))


if __name__ == "__main__":
    unittest.main()
