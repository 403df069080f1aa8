#!/usr/bin/env python3
"""Checks rules of the tree that no compiler checks; prints each breach as file:line, exit 1 if there is one.
Arguments (`check_tree.py lengths`) select rules.

  dependencies the files of a module, and of the program in apps/, include exactly the modules of its DEPS in
               CMakeLists.txt, indirect ones too. CMake checks that each is of a lower layer
  tests        every linnet/<module>/**/x.cpp has a tests/<module>/x_test.cpp, or the one in GROUPS
  lengths      a file has at most 500 lines, a function at most 60
  filesystem   no call of std::filesystem that throws in linnet/ and apps/: its exceptions have no advice. Use
               linnet/base/file.h, or pass an error_code `error`, `ignored` or `none` as the last argument
  roles        no file of linnet/{models,adapt,train} has a parameter's name in a text, or searches for a part of one: use
               its nn::Role. Only the name tables of models/families have names
  flags        no text and no comment in linnet/ names a flag of the program: use option("learning_rate") of
               linnet/base/option.h; a row of apps/linnet/option_table.cpp has the flag
  tasks        no file of linnet/train and apps/ asks which training task it has: what differs between tasks is a function of
               TrainTask. The factory, linnet/train/tasks/task.cpp, has their names
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILE_LINES, FUNCTION_LINES = 500, 60


# Sources whose test has the name of a group: path below linnet/, path below tests/.
GROUPS = {
    "backend/cpu/activation.cpp": "backend/cpu_elementwise_test.cpp",
    "backend/cpu/attention.cpp": "backend/cpu_attention_test.cpp",
    "backend/cpu/attention_grad.cpp": "backend/cpu_attention_test.cpp",
    "backend/cpu/cpu.cpp": "backend/registry_test.cpp",
    "backend/cpu/cpu_info.cpp": "backend/cpu_elementwise_test.cpp",
    "backend/cpu/elementwise.cpp": "backend/cpu_elementwise_test.cpp",
    "backend/cpu/gemm.cpp": "backend/cpu_linear_test.cpp",
    "backend/cpu/gemm_bf16.cpp": "backend/gemm_plain_test.cpp",
    "backend/cpu/gemm_plain.cpp": "backend/gemm_plain_test.cpp",
    "backend/cpu/linear.cpp": "backend/cpu_linear_test.cpp",
    "backend/cpu/norm.cpp": "backend/cpu_elementwise_test.cpp",
    "backend/cpu/quantized*.cpp": "backend/cpu_linear_test.cpp",
    "backend/cpu/rows.cpp": "backend/cpu_elementwise_test.cpp",
    "backend/cpu/softmax.cpp": "backend/cpu_elementwise_test.cpp",
    "backend/cpu/weight_cache.cpp": "backend/cpu_linear_test.cpp",
    "backend/reference/*.cpp": "backend/conformance_test.cpp",
    "data/byte_source.cpp": "data/text_source_test.cpp",
    "data/cell_rows.cpp": "data/rows_test.cpp",
    "data/columns.cpp": "data/dataset_test.cpp",
    "data/example.cpp": "data/dataset_test.cpp",
    "data/json_rows.cpp": "data/rows_test.cpp",
    "data/record.cpp": "data/rows_test.cpp",
    "data/splits.cpp": "data/dataset_test.cpp",
    "data/collate/*.cpp": "data/collate_test.cpp",
    "io/checkpoint_writer.cpp": "io/checkpoint_test.cpp",
    "io/pickle_stack.cpp": "io/unpickler_test.cpp",
    "models/families/*.cpp": "models/family_test.cpp",
    "jinja/*.cpp": "jinja/jinja_test.cpp",
    "serve/call.cpp": "serve/service_test.cpp",
    "serve/generation_fields.cpp": "serve/completions_test.cpp",
    "serve/http_connection.cpp": "serve/http_server_test.cpp",
    "serve/list_job.cpp": "serve/embeddings_test.cpp",
    "serve/openai_text.cpp": "serve/completions_test.cpp",
    "serve/served_model.cpp": "serve/service_test.cpp",
    "serve/text_job.cpp": "serve/completions_test.cpp",
    "tasks/classify_json.cpp": "serve/classify_test.cpp",
    "tasks/classify_score.cpp": "tasks/classify_test.cpp",
    "tasks/classify_submit.cpp": "serve/classify_test.cpp",
    "train/tasks/vocabulary_loss.cpp": "train/tasks_objective_test.cpp",
}


def test_of(path):
    """The test of linnet/<module>/x.cpp or linnet/<module>/<folder>/x.cpp, below tests/."""
    inner = path.relative_to("linnet")
    for pattern, test in GROUPS.items():
        if inner.match(pattern):
            return test
    return f"{inner.parts[0]}/{'_'.join([*inner.parts[1:-1], path.stem])}_test.cpp"


# Start of a declaration of dependencies, with the name and the folder of its files.
DECLARATION = re.compile(r"^linnet_(module|program)\(NAME (\w+)", re.MULTILINE)
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]linnet/(\w+)/', re.MULTILINE)


def declarations(text):
    """{folder: (modules it depends on, line)} as CMakeLists.txt has them."""
    found = {}
    for start in DECLARATION.finditer(text):
        call = text[start.start() : text.index(")", start.end())]
        listed = re.search(r"\bDEPS((?:\s+[a-z_]+)+)", call)
        folder = f"{'linnet' if start[1] == 'module' else 'apps'}/{start[2]}"
        found[folder] = (listed[1].split() if listed else [], text.count("\n", 0, start.start()) + 1)
    return found


def dependency_breaches(root):
    """(path, line, message) of every include that is not declared, and every declaration without an include."""
    declared = declarations((root / "CMakeLists.txt").read_text())
    for folder, (names, declaration) in declared.items():
        own, used = folder.split("/")[1] if folder.startswith("linnet/") else "", set()
        for file in sorted((root / folder).rglob("*")):
            if file.suffix not in (".cpp", ".h"):
                continue
            text = file.read_text()
            for include in INCLUDE.finditer(text):
                used.add(include[1])
                if include[1] != own and include[1] not in names:
                    line = text.count("\n", 0, include.start(1)) + 1
                    yield file.relative_to(root), line, f"{folder} includes {include[1]}, which is not among its DEPS"
        for name in names:
            if name not in used:
                yield pathlib.Path("CMakeLists.txt"), declaration, f"{folder} depends on {name}, which none of its files includes"
    for folder in sorted(path.name for path in (root / "linnet").iterdir() if path.is_dir()):
        if f"linnet/{folder}" not in declared:
            yield pathlib.Path("CMakeLists.txt"), 1, f"linnet/{folder} is declared as no module"


CALLS = re.compile(
    r"\b(?:fs|std::filesystem)::(absolute|canonical|copy|copy_file|copy_symlink|create_\w+|current_path|equivalent|exists"
    r"|file_size|hard_link_count|is_\w+|last_write_time|permissions|proximate|read_symlink|relative|remove|remove_all|rename"
    r"|resize_file|space|status|symlink_status|temp_directory_path|weakly_canonical)\("
)
ITERATORS = re.compile(r"\b(?:fs|std::filesystem)::(?:recursive_)?directory_(?:iterator|entry)\b")


def last_argument(text, begin):
    """The last argument of the call whose opening parenthesis is before `begin`."""
    depth, last = 1, begin
    for at in range(begin, len(text)):
        depth += {"(": 1, "{": 1, "[": 1, ")": -1, "}": -1, "]": -1}.get(text[at], 0)
        if depth == 0:
            return text[last:at].strip()
        if depth == 1 and text[at] == ",":
            last = at + 1
    return ""


def throwing_calls(path, text):
    if str(path) == "linnet/base/file.cpp":
        return
    text = re.sub(r"//[^\n]*", "", text)
    for found in CALLS.finditer(text):
        if last_argument(text, found.end()) not in ("error", "ignored", "none"):
            yield text.count("\n", 0, found.start()) + 1, f"std::filesystem::{found[1]} may throw; see linnet/base/file.h"
    for found in ITERATORS.finditer(text):
        yield text.count("\n", 0, found.start()) + 1, "a directory iterator may throw; take list_folder or files_below"


# Names of parameters and their modules in nn/.
PARAMETER = re.compile(
    r'"(?:(?:\w+\.)?(?:embeddings\.(?:tokens|positions|types|norm)|head\.(?!index)|pooler\.|layers\.|final_norm)|[^"\n]*\.(?:\w*attention|ffn)\.)[^"\n]*"'
)
PART = r'"\.?(?:embeddings|head|pooler|\w*norm|\w*attention|ffn|query|key|value|qkv|output|gate|up|down|weight|bias)\.?"'
PART_OF_A_NAME = re.compile(rf"(?:\.(?:starts_with|ends_with|find|rfind|contains)\(|(?:leaf|name|ours) [!=]= ){PART}")


def names_of_parameters(path, text):
    if path.parts[:2] not in (("linnet", "models"), ("linnet", "adapt"), ("linnet", "train")) or "families" in path.parts:
        return
    for number, line in enumerate(text.splitlines(), 1):
        code = line.split("//")[0]
        if found := PARAMETER.search(code) or PART_OF_A_NAME.search(code):
            yield number, f"{found[0]} is of a parameter's name; ask its role (linnet/nn/role.h)"


# A task by its object, by its name, by its class, or as an enumeration.
TASK_SWITCH = re.compile(
    r"\btask_?\s*[!=]=\s*(?!nullptr\b)\S+|[!=]=\s*&?\w+_task\(\)|\btask_named\([^()]*\)\s*[!=]=|[!=]=\s*(?:linnet::)?task_named\("
    r"|\btask_name\([^()]*\)\s*[!=]=|\btask\w*(?:\(\))?(?:->|\.)name\(\)\s*[!=]="
    r"|dynamic_cast<const \w*Task\b|enum class TrainTask\b|\bTrainTask::k[A-Z]\w*"
)


def task_switches(path, text):
    if path.parts[:2] not in (("linnet", "train"), ("apps", "linnet")) or path == pathlib.Path("linnet/train/tasks/task.cpp"):
        return
    for number, line in enumerate(text.splitlines(), 1):
        if found := TASK_SWITCH.search(line.split("//")[0]):
            yield number, f"{found[0]} asks which task it is; make it a function of TrainTask (linnet/train/tasks/task.h)"


# A raw string, a string, a character (which may be a quote), a comment.
TEXTS = re.compile(r'R"\((?s:.*?)\)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\])\'|//[^\n]*|/\*(?s:.*?)\*/')
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def named_flags(text):
    for piece in TEXTS.finditer(text):
        for flag in FLAG.finditer(piece[0]):
            yield text.count("\n", 0, piece.start() + flag.start()) + 1, f"names the flag {flag[0]}; see linnet/base/option.h"


# The option of a message or an error; only literals are found.
NAMED_OPTION = re.compile(r'\boption\("(\w+)"\)|\b(?:check|fail)_option\(((?:[^;]|;(?!\n))*?);\n')


def named_options(text):
    for found in NAMED_OPTION.finditer(text):
        field = found[1] or next(iter(re.findall(r'(?:^|, |,\s+)"(\w+)",\s*"', found[2])), None)
        if field:
            yield text.count("\n", 0, found.start()) + 1, field


def fields_of_the_program(table):
    """The fields of the program's option table for which flag_of() finds a flag."""
    fields = set(re.findall(r'\{\{?"(\w+)", "--', table)) | set(re.findall(r'Rules, "(\w+)"\)', table))
    for names, field in re.findall(r'^ *\{"([^"]*--[^"]+)",(?:\s*"(?:\\.|[^"\\])*")+(?:,\s*\{"(\w+)")?', table, re.MULTILINE):
        flag = re.search(r"--([a-z-]+)", names)[1]
        fields |= {field or flag.replace("-", "_")}
    return fields


def long_functions(lines):
    """A function starts on a line at indent 0 or 2 that ends in '{' and closes on '}' at the same indent."""
    start = {}
    for number, line in enumerate(lines, 1):
        indent = len(line) - len(line.lstrip())
        if indent not in (0, 2):
            continue
        text = line.strip()
        if text.endswith("{") and not re.match(r"(inline |export )?(namespace|class|struct|enum|union|extern|template)\b|\}", text):
            if "=" not in text.split("(")[0]:
                start[indent] = number
        elif text.startswith("}") and indent in start:
            length = number - start.pop(indent) + 1
            if length > FUNCTION_LINES:
                yield number - length + 1, f"function of {length} lines; the limit is {FUNCTION_LINES}"


def main():
    rules = sys.argv[1:] or ["dependencies", "tests", "lengths", "filesystem", "roles", "flags", "tasks"]
    breaches = 0
    for path, number, message in dependency_breaches(ROOT) if "dependencies" in rules else ():
        print(f"{path}:{number}: {message}")
        breaches += 1
    known = fields_of_the_program("".join((ROOT / "apps/linnet" / name).read_text() for name in ("option_table.cpp", "task_option_rows.h")))
    for folder in ("linnet", "apps", "tests", "examples", "bench", "fuzz"):
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix not in (".cpp", ".h"):
                continue
            path = file.relative_to(ROOT)
            lines = file.read_text().splitlines()
            found = []
            in_module = folder == "linnet" and len(path.parts) > 2
            if "lengths" in rules:
                if len(lines) > FILE_LINES:
                    found.append((len(lines), f"{len(lines)} lines; the limit is {FILE_LINES}"))
                found += long_functions(lines)
            if "tests" in rules and in_module:
                if file.suffix == ".cpp" and not (ROOT / "tests" / test_of(path)).is_file():
                    found.append((1, f"there is no tests/{test_of(path)}"))
            if "filesystem" in rules and folder in ("linnet", "apps"):
                found += throwing_calls(path, "\n".join(lines))
            if "roles" in rules:
                found += names_of_parameters(path, "\n".join(lines))
            if "tasks" in rules:
                found += task_switches(path, "\n".join(lines))
            if "flags" in rules and folder == "linnet":
                found += named_flags("\n".join(lines))
                for number, field in named_options("\n".join(lines)) if path.name != "option.h" else ():
                    if field not in known:
                        found.append((number, f"names the option {field}, which has no row in apps/linnet/option_table.cpp"))
            for number, message in found:
                print(f"{path}:{number}: {message}")
            breaches += len(found)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
