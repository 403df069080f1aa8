#!/usr/bin/env python3
"""Renders chat templates with Jinja2 in Transformers' setup, and compares Linnet's rendering.

    tools/parity/chat_templates.py --test build/release/prompt_test ../shared/data/chat-templates/*.jinja

Needs Jinja2 3.1.6. Writes every case (template, messages, options, Jinja's text or error) as a JSON line and lets
the test ChatTemplateParity of `prompt_test` render them. Exit 1 if a text differs, or if one side fails alone
(Linnet may render templates that Jinja rejects: those are listed, not counted).
"""
import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

NOW = 1767225600  # 2026-01-01 00:00:00 UTC


class Generation(jinja2.ext.Extension):
    """`{% generation %}…{% endgeneration %}` renders its body."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_render"), [], [], body).set_lineno(line)

    def _render(self, caller):
        return caller()


def environment():
    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda f: datetime.datetime.fromtimestamp(NOW).strftime(f)
    return env


TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather \"now\" <b>bold</b> & é",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "Where"},
                "unit": {"type": "string", "enum": ["c", "f"], "default": "c"},
                "days": {"type": "array", "items": {"type": "integer"}, "nullable": True},
                "options": {"type": "object", "properties": {"deep": {"type": "boolean"}}, "required": ["deep"]},
            },
            "required": ["city"],
        },
        "return": {"type": "string"},
    },
}
SECOND = {"type": "function", "function": {"name": "stop", "description": "Ends.", "parameters": {"type": "object", "properties": {}}}}


def call(arguments, name="get_weather", call_id="call00001"):
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


USER = {"role": "user", "content": "Hello \"there\"\n  é 漢字 <|im_end|> {{ 1 + 1 }}  "}
SYSTEM = {"role": "system", "content": "  You are helpful.\n"}
ASSISTANT = {"role": "assistant", "content": "<think>\nhm\n</think>\n\nHi!\n"}
PARTS = {"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]}
TOOL_TURNS = [
    USER,
    {"role": "assistant", "content": "", "tool_calls": [call({"city": "Paris", "days": [1, 2], "options": {"deep": True}})]},
    {"role": "tool", "name": "get_weather", "tool_call_id": "call00001", "content": "{\"t\": 20.5}"},
]
CONVERSATIONS = {
    "user": [USER],
    "system": [SYSTEM, USER],
    "two turns": [USER, ASSISTANT, {"role": "user", "content": "More"}],
    "three turns": [SYSTEM, USER, ASSISTANT, {"role": "user", "content": ""}, {"role": "assistant", "content": "Bye"}],
    "reasoning": [USER, {"role": "assistant", "reasoning_content": "because", "content": "Yes"}, USER],
    "reasoning by another name": [USER, {"role": "assistant", "reasoning": "why", "content": "No"}, USER],
    "parts": [PARTS],
    "parts system": [{"role": "system", "content": [{"type": "text", "text": "sys"}]}, PARTS, ASSISTANT, USER],
    "image": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "what?"}]}],
    "tool call": TOOL_TURNS,
    "tool call answered": [SYSTEM, *TOOL_TURNS, {"role": "assistant", "content": "20 degrees"}, USER],
    "tool call as text": [
        USER,
        {"role": "assistant", "content": None, "tool_calls": [call("{\"city\": \"Oslo\"}")]},
        {"role": "tool", "name": "get_weather", "tool_call_id": "call00001", "content": "cold"},
    ],
    "two calls": [
        USER,
        {"role": "assistant", "content": "Looking", "tool_calls": [call({"city": "A"}), call({"city": "B"}, call_id="call00002")]},
        {"role": "tool", "name": "get_weather", "tool_call_id": "call00001", "content": "1"},
        {"role": "tool", "name": "get_weather", "tool_call_id": "call00002", "content": {"deep": [1, 2.5, None, True]}},
    ],
    "ends with assistant": [USER, {"role": "assistant", "content": "Well,"}],
    "starts with assistant": [ASSISTANT, USER],
    "developer": [{"role": "developer", "content": "dev"}, USER],
    "odd role": [{"role": "narrator", "content": "x"}],
    "no content": [{"role": "user"}],
    "empty": [],
}


def alias_reasoning(messages):
    """Transformers 5's conversion of messages before rendering."""
    out = []
    for message in messages:
        names = ("reasoning_content", "thinking", "reasoning")
        reasoning = next((message[name] for name in names if message.get(name) is not None), None)
        if reasoning is not None:
            message = {"thinking": reasoning, **message, "reasoning_content": reasoning}
        out.append(message)
    return out


def cases(files):
    for file in files:
        with open(file, encoding="utf-8", newline="") as f:
            source = f.read()
        for title, messages in CONVERSATIONS.items():
            for tools in (None, [TOOL], [TOOL, SECOND]):
                for add in (True, False):
                    for extra in ({}, {"enable_thinking": False}, {"documents": [{"title": "T", "text": "body"}]}):
                        if extra and tools == [TOOL]:
                            continue
                        yield file, source, title, messages, tools, add, extra


def expected(env, compiled, source, messages, tools, add, extra):
    try:
        if source not in compiled:
            compiled[source] = env.from_string(source)
        variables = dict(messages=alias_reasoning(messages), tools=tools, documents=None, add_generation_prompt=add)
        variables |= dict(bos_token="<s>", eos_token="</s>") | extra
        return {"text": compiled[source].render(**variables)}
    except Exception as error:  # any error of a template
        return {"error": f"{type(error).__name__}: {error}"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--test", help="the built prompt_test; without it only the cases are written")
    parser.add_argument("--cases", help="where the cases go (default: a temporary file)")
    parser.add_argument("templates", nargs="+")
    arguments = parser.parse_args()
    os.environ["TZ"] = "UTC"
    time.tzset()
    env, compiled, count = environment(), {}, 0
    path = arguments.cases or os.path.join(tempfile.mkdtemp(), "cases.jsonl")
    with open(path, "w", encoding="utf-8") as out:
        for file, source, title, messages, tools, add, extra in cases(arguments.templates):
            case = {"template": os.path.basename(file), "source": source, "case": title, "messages": messages}
            case |= {"tools": tools, "add_generation_prompt": add, "extra": extra, "now": NOW}
            case |= expected(env, compiled, source, messages, tools, add, extra)
            out.write(json.dumps(case, ensure_ascii=False) + "\n")
            count += 1
    print(f"{count} cases of {len(arguments.templates)} templates with Jinja2 {jinja2.__version__}: {path}")
    if not arguments.test:
        return 0
    command = [arguments.test, "--gtest_filter=ChatTemplateParity.*", "--gtest_brief=1"]
    return subprocess.run(command, env={**os.environ, "LINNET_CHAT_CASES": path}).returncode


if __name__ == "__main__":
    sys.exit(main())
