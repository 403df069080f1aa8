"""The server, called by the official client of OpenAI: every route, sync, async and streaming, against the program itself."""

from __future__ import annotations

import asyncio
import contextlib
import math
import subprocess
from pathlib import Path

import openai

from report import MINILM, SMOLLM2, Context, Failed, Report

PROMPTS = ("The capital of France is", "Once upon a time", "def main():", "1, 2, 3,")
LABELS = ["positive", "negative"]


@contextlib.contextmanager
def server(context: Context, model: Path, *arguments):
    """A running server; yields its address. The port is in its first line."""
    process = subprocess.Popen([context.program, "serve", "-m", f"m={model}", "--port", "0", *map(str, arguments)],
                               stderr=subprocess.PIPE, text=True)
    try:
        for line in process.stderr:
            if " at http://" in line:
                yield line.split(" at ")[1].split()[0]
                break
        else:
            raise Failed("the server did not start")
        process.terminate()
        if process.wait(timeout=60) != 0:
            raise Failed(f"the server ended with {process.returncode}")
    finally:
        process.kill()
        process.wait()


def client_of(address: str, key: str = "none") -> openai.OpenAI:
    return openai.OpenAI(base_url=address + "/v1", api_key=key, max_retries=0, timeout=600)


def completions(context: Context, client: openai.OpenAI, report: Report) -> None:
    same = streamed = True
    for prompt in PROMPTS:
        wanted = context.json_lines("run", "-m", SMOLLM2, prompt, "-n", 24)[0]
        found = client.completions.create(model="m", prompt=prompt, max_tokens=24, temperature=0)
        same &= found.choices[0].text == wanted["text"] and found.usage.completion_tokens == len(wanted["ids"])
        parts = client.completions.create(model="m", prompt=prompt, max_tokens=24, temperature=0, stream=True)
        streamed &= "".join(part.choices[0].text for part in parts) == wanted["text"]
    report.add("completions: texts of `linnet run`", f"{len(PROMPTS)} prompts", "equal", same)
    report.add("completions: streamed", f"{len(PROMPTS)} prompts", "equal", streamed)
    batch = client.completions.create(model="m", prompt=list(PROMPTS), max_tokens=8, n=2, seed=7)
    again = client.completions.create(model="m", prompt=list(PROMPTS), max_tokens=8, n=2, seed=7)
    report.add("completions: a batch with n and a seed", f"{len(batch.choices)} choices", "the same twice",
               [c.text for c in batch.choices] == [c.text for c in again.choices] and len(batch.choices) == 8)


def logprobs(context: Context, client: openai.OpenAI, report: Report) -> None:
    """As lm-evaluation-harness scores: the prompt's tokens after the context, by text_offset."""
    worst = 0.0
    for prompt, continuation in ((PROMPTS[0], " Paris, in Europe"), (PROMPTS[1], " there was a café ☕")):
        wanted = context.json_lines("score", "-m", SMOLLM2, "--prompt", prompt, "--continuation", continuation)[0]
        choice = client.completions.create(model="m", prompt=prompt + continuation, max_tokens=0, echo=True,
                                           logprobs=5).choices[0]
        if choice.text != prompt + continuation:
            worst = math.inf
        found = [value for value, offset in zip(choice.logprobs.token_logprobs, choice.logprobs.text_offset)
                 if offset >= len(prompt)]
        worst = max(worst, abs(sum(found) - wanted["scores"][0]["logprob"]))
    report.error("completions: echoed log-probabilities against `linnet score`", worst, 1e-4)


def chats(context: Context, client: openai.OpenAI, report: Report) -> None:
    messages = [{"role": "system", "content": "You are brief."}, {"role": "user", "content": "Name a colour."}]
    wanted = context.json_lines("run", "-m", SMOLLM2, "--system", "You are brief.", "Name a colour.", "-n", 24)[0]
    found = client.chat.completions.create(model="m", messages=messages, max_tokens=24, temperature=0, logprobs=True,
                                           top_logprobs=3)
    report.add("chat: text of `linnet run --chat`", repr(found.choices[0].message.content)[:40], "equal",
               found.choices[0].message.content == wanted["text"])
    parts = list(client.chat.completions.create(model="m", messages=messages, max_tokens=24, temperature=0, stream=True,
                                                logprobs=True, top_logprobs=3, stream_options={"include_usage": True}))
    text = "".join(part.choices[0].delta.content or "" for part in parts if part.choices)
    tokens = [token for part in parts if part.choices and part.choices[0].logprobs
              for token in part.choices[0].logprobs.content]
    report.add("chat: streamed text, log-probabilities and usage", f"{len(parts)} events", "equal",
               text == wanted["text"] and tokens == found.choices[0].logprobs.content
               and parts[-1].usage.total_tokens == found.usage.total_tokens)
    stop = client.chat.completions.create(model="m", messages=messages, max_tokens=24, temperature=0, stop=wanted["text"][3:6])
    report.add("chat: a stop text", repr(stop.choices[0].message.content), "the text before it",
               stop.choices[0].message.content == wanted["text"][:wanted["text"].index(wanted["text"][3:6])]
               and stop.choices[0].finish_reason == "stop")


def ours(context: Context, client: openai.OpenAI, report: Report) -> None:
    texts = ["I love the sunny weather.", "The food was cold and late.", "It is what it is."]
    wanted = context.json_lines("classify", "-m", SMOLLM2, "--labels", ",".join(LABELS), *texts)
    found = client.post("/classify", cast_to=object, body={"model": "m", "input": texts, "labels": LABELS})["data"]
    plain = [{key: value for key, value in line.items() if key != "row"} for line in wanted]
    report.add("classify: answers of `linnet classify`", f"{len(texts)} texts", "equal",
               [{key: value for key, value in line.items() if key != "index"} for line in found] == plain)


async def together(address: str) -> bool:
    """Many clients at once get what each gets alone."""
    client = openai.AsyncOpenAI(base_url=address + "/v1", api_key="none", max_retries=0, timeout=600)
    asked = [dict(model="m", prompt=f"{prompt} {number}", max_tokens=12, temperature=0, logprobs=2)
             for number in range(4) for prompt in PROMPTS]
    alone = [(await client.completions.create(**one)).choices[0] for one in asked]
    found = await asyncio.gather(*(client.completions.create(**one) for one in asked))
    return [one.choices[0] for one in found] == alone


def errors(context: Context, address: str, report: Report) -> None:
    client = client_of(address)
    for what, error, call in (
            ("suffix", openai.BadRequestError, lambda: client.completions.create(model="m", prompt="a", suffix="b")),
            ("another model", openai.NotFoundError, lambda: client.completions.create(model="x", prompt="a")),
            ("n = 0", openai.BadRequestError, lambda: client.completions.create(model="m", prompt="a", n=0))):
        try:
            call()
            report.add(f"errors: {what}", "an answer", error.__name__, False)
        except openai.APIStatusError as why:
            report.add(f"errors: {what}", type(why).__name__, error.__name__, type(why) is error)
    key = context.work / "key.txt"
    key.write_text("secret\n")
    with server(context, SMOLLM2, "--api-key-file", key) as closed:
        try:
            client_of(closed, "wrong").models.list()
            report.add("errors: a wrong key", "an answer", "AuthenticationError", False)
        except openai.AuthenticationError:
            right = client_of(closed, "secret").models.list().data[0].id == "m"
            report.add("errors: a wrong key", "AuthenticationError", "AuthenticationError", right)


def embeddings(context: Context, report: Report) -> None:
    texts = ["a text", "another text, longer", "und ein dritter"]
    wanted = [line["embedding"] for line in context.json_lines("embed", "-m", MINILM, *texts)]
    with server(context, MINILM) as address:
        found = client_of(address).embeddings.create(model="m", input=texts)  # in base64
        plain = client_of(address).embeddings.create(model="m", input=texts, encoding_format="float")
    worst = max(abs(a - b) for answer in (found, plain) for ours, theirs in zip(answer.data, wanted)
                for a, b in zip(ours.embedding, theirs, strict=True))
    report.error("embeddings: vectors of `linnet embed`", worst, 1e-7)


def run(context: Context, report: Report) -> None:
    if not context.whole:
        return
    try:
        with server(context, SMOLLM2) as address:
            client = client_of(address)
            report.add("models", client.models.list().data[0].id, "m", client.models.list().data[0].id == "m")
            completions(context, client, report)
            logprobs(context, client, report)
            chats(context, client, report)
            ours(context, client, report)
            report.add("16 clients at once", "16 requests", "each as alone", asyncio.run(together(address)))
            errors(context, address, report)
        embeddings(context, report)
    except (Failed, OSError, ValueError, KeyError, openai.OpenAIError) as why:
        report.failed("the client of OpenAI", why)
