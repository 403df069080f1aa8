#!/usr/bin/env python3
"""The rules of tools/check_tree.py on small trees that break them."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import check_tree

MODULES = """
linnet_module(NAME base LAYER 0 LINK fmt::fmt)
linnet_module(NAME tensor LAYER 1 DEPS base)
linnet_module(NAME io LAYER 2 DEPS base tensor
              PRIVATE ZLIB::ZLIB)
linnet_program(NAME linnet TARGET cli DEPS io PRIVATE fmt::fmt)
"""
FILES = {
    "linnet/base/error.cpp": "",
    "linnet/tensor/tensor.cpp": '#include "linnet/base/error.h"\n#include "linnet/tensor/tensor.h"\n',
    "linnet/io/file.cpp": '#include "linnet/base/error.h"\n#include "linnet/tensor/tensor.h"\n',
    "apps/linnet/main.cpp": "#include <linnet/io/file.h>\n",
}


class Dependencies(unittest.TestCase):
    def breaches(self, changed={}, modules=MODULES):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "CMakeLists.txt").write_text(modules)
            for name, text in {**FILES, **changed}.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            return [(str(path), line) for path, line, _ in check_tree.dependency_breaches(root)]

    def test_declared_and_used(self):
        self.assertEqual(self.breaches(), [])

    def test_an_undeclared_module(self):
        self.assertEqual(self.breaches({"linnet/base/error.h": '\n#include "linnet/io/file.h"\n'}), [("linnet/base/error.h", 2)])

    def test_what_comes_through_another_module(self):
        modules = MODULES.replace("DEPS base tensor", "DEPS tensor")
        self.assertEqual(self.breaches(modules=modules), [("linnet/io/file.cpp", 1)])

    def test_a_declared_module_that_no_file_includes(self):
        self.assertEqual(self.breaches({"linnet/io/file.cpp": '#include "linnet/tensor/tensor.h"\n'}), [("CMakeLists.txt", 4)])

    def test_the_program_declares_its_modules_too(self):
        changed = {"apps/linnet/main.cpp": '#include "linnet/base/error.h"\n#include "linnet/io/file.h"\n'}
        self.assertEqual(self.breaches(changed), [("apps/linnet/main.cpp", 1)])
        self.assertEqual(self.breaches({"apps/linnet/main.cpp": ""}), [("CMakeLists.txt", 6)])

    def test_a_folder_that_is_no_module(self):
        self.assertEqual(self.breaches({"linnet/new/x.cpp": ""}), [("CMakeLists.txt", 1)])


class Tasks(unittest.TestCase):
    def lines(self, text, path="linnet/train/loop/x.cpp"):
        return [line for line, _ in check_tree.task_switches(pathlib.Path(path), text)]

    def test_switches_on_the_task(self):
        for code in (
            "if (options.task == classify) {",
            "if (o.task != &token_task()) {",
            'if (task == task_named("qa")) {',
            'if (options.task->name() == "qa") {',
            'if (task_name(o.task) == "qa") {',
            "dynamic_cast<const ClassifyTask*>(options.task)",
            "case TrainTask::kClassify:",
            "enum class TrainTask : std::uint8_t {",
        ):
            self.assertEqual(self.lines("\n" + code), [2], code)

    def test_what_asks_the_task_itself(self):
        for code in (
            "if (options.task == nullptr) {",
            "if (o.task->predicts_words()) {",
            "options.task = &task_of(data, config, options.task);",
            "// task == classify",
            "return TrainTask::why_not_judged(options);",
        ):
            self.assertEqual(self.lines(code), [], code)

    def test_the_factory_has_the_names(self):
        code = "if (task->name() == name) return task;"
        self.assertEqual(self.lines(code, "linnet/train/tasks/task.cpp"), [])
        self.assertEqual(self.lines(code, "linnet/train/tasks/classify.cpp"), [1])
        self.assertEqual(self.lines(code, "tests/train/x_test.cpp"), [])


class Roles(unittest.TestCase):
    def lines(self, text, path="linnet/models/x.cpp"):
        return [line for line, _ in check_tree.names_of_parameters(pathlib.Path(path), text)]

    def test_names_of_parameters(self):
        for name in ("head.output.weight", "embeddings.tokens", ".attention.", "layers.0.attention.query.bias", "pooler.", ".cross_attention.key"):
            self.assertEqual(self.lines(f'\n  if (name == "{name}") {{'), [2], name)

    def test_parts_of_names(self):
        for call in ('.find("norm")', '.ends_with("weight")', '.starts_with("head")', '.ends_with(".bias")', ' == "down"'):
            self.assertEqual(self.lines(f"if (p.name{call}) {{"), [1], call)

    def test_what_is_no_parameter(self):
        for text in ('"token_embd.weight"', '"attention.causal"', '// "head.output.weight"', '"grad_norm"', '"the head of a model."', 'json["bias"]'):
            self.assertEqual(self.lines(text), [], text)

    def test_only_where_roles_are_known(self):
        text = '"layers.{}.attention.query"'
        self.assertEqual(self.lines(text, "linnet/models/families/llama.cpp"), [])
        self.assertEqual(self.lines(text, "linnet/nn/attention.cpp"), [])
        self.assertEqual(self.lines(text, "linnet/adapt/lora.cpp"), [1])


class Flags(unittest.TestCase):
    def lines(self, text):
        return [line for line, _ in check_tree.named_flags(text)]

    def test_in_a_text_or_a_comment(self):
        self.assertEqual(self.lines('a;\nfail("x; give --epochs");\n// see `--seed`\n/* two\n--json */'), [2, 3, 5])
        self.assertEqual(self.lines('R"(\n--raw)"'), [2])

    def test_what_is_no_flag(self):
        self.assertEqual(self.lines('--depth_; for (;; --n) x = a --b; // models--org--name, a -- b'), [])
        self.assertEqual(self.lines("case '\"': --at; // a quote\n"), [])


    def test_an_option_that_a_message_names(self):
        text = 'check_option(a == "b", "clip", "{} is", x);\nwarn("{}", option("epochs"));\n'
        self.assertEqual(list(check_tree.named_options(text)), [(1, "clip"), (2, "epochs")])

    def test_what_the_program_has_a_flag_for(self):
        rows = '    {"-o,--output", "a file"},\n    {"--lora-r", "rank",\n     rule_of(kTrainRules, "lora_rank")},\n'
        rows += '    {"--unit,!--no-unit", "scale", {"scaled"}},\n'
        self.assertLessEqual({"output", "lora_rank", "scaled"}, check_tree.fields_of_the_program(rows))


if __name__ == "__main__":
    unittest.main()
