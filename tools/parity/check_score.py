"""Prompted classification of real texts: log-probabilities of labels, and accuracy."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import torch

from references import llama_ids, smollm2
from report import CACHE, DATA, SMOLLM2, Context, Failed, Report

LIMIT = 0.01  # of a log-probability


def sst2() -> list[dict]:
    """Every fourth line of the development set: 218 texts."""
    lines = (DATA / "sent-conv" / "stsa.binary.dev").read_text().splitlines()[::4]
    return [{"text": line[2:], "label": ("negative", "positive")[int(line[0])]} for line in lines]


def code() -> list[dict]:
    rows = [json.loads(line) for line in (DATA / "code-snippets" / "test.jsonl").open()]
    return [{"text": row["text"][:600], "label": row["label"]} for row in rows]


SENTIMENT = {"negative": " negative", "positive": " positive"}
TASKS = {
    "SST-2, review": (sst2, "Review: {{ text }}\nSentiment:", SENTIMENT),
    "SST-2, question": (sst2, "{{ text }}\nQuestion: Is this sentence positive or negative?\nAnswer:", SENTIMENT),
    "code-snippets": (code, "Code:\n{{ text }}\n\nThe programming language of the code above is",
                      {"cpp": " C++", "python": " Python"}),
}


@torch.no_grad()
def reference(rows: list[dict], template: str, words: dict[str, str]) -> list[list[float]]:
    """Log-probability of every word after every prompt, from f32 Transformers; cached, since it takes minutes.

    Prompt and word are tokenised together (by llama.cpp, as the file specifies) and split by the length of the prompt's ids.
    """
    key = hashlib.sha256(json.dumps([rows, template, words]).encode()).hexdigest()[:16]
    kept = CACHE / "reference" / f"score-{key}.json"
    if kept.is_file():
        return json.loads(kept.read_text())
    model = smollm2()
    table = []
    for row in rows:
        prompt = template.replace("{{ text }}", row["text"])
        start = len(llama_ids(SMOLLM2, prompt))
        line = []
        for word in words.values():
            ids = torch.tensor([llama_ids(SMOLLM2, prompt + word)])
            steps = model(input_ids=ids).logits[0, start - 1:-1].log_softmax(-1)
            line.append(steps.gather(1, ids[0, start:, None]).sum().item())
        table.append(line)
    kept.parent.mkdir(parents=True, exist_ok=True)
    unfinished = kept.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(table))
    unfinished.rename(kept)
    return table


def arguments(template: str, words: dict[str, str], file: Path, dtype: str = "f32") -> list[str]:
    """`linnet classify` for a task. Inline templates have \\n as an escape, which is used for line breaks."""
    made = ["classify", "-m", SMOLLM2, "--dtype", dtype, "--engine", "score", "--normalize", "sum",
            "--labels", ",".join(words), "--template", template.replace("\n", "\\n"), "--input", file]
    for label, word in words.items():
        made += ["--label-words", f"{label}={word}"]
    return made


def compare(context: Context, report: Report, what: str, rows, template: str, words: dict[str, str]) -> None:
    try:
        file = context.work / "score.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        found = [line for line in context.json_lines(*arguments(template, words, file)) if "label" in line]
        wanted = reference(rows, template, words)
        labels = list(words)
        worst, differ, right, theirs_right = 0.0, 0, 0, 0
        for row, ours, theirs in zip(rows, found, wanted, strict=True):
            logprobs = {score["label"]: score["logprob"] for score in ours["scores"]}
            worst = max([worst] + [abs(logprobs[label] - value) for label, value in zip(labels, theirs)])
            choice = labels[theirs.index(max(theirs))]
            differ += (ours["label"] == row["label"]) != (choice == row["label"])
            right += ours["label"] == row["label"]
            theirs_right += choice == row["label"]
        report.error(f"{what}: log-probabilities of {len(rows)} texts", worst, LIMIT)
        report.add(f"{what}: items right", f"{100 * right / len(rows):.1f} %, theirs {100 * theirs_right / len(rows):.1f} %, "
                   f"{differ} differ", "<= 1 differs", differ <= 1)
    except (Failed, OSError, ValueError, KeyError) as why:
        report.failed(what, why)


def run(context: Context, report: Report) -> None:
    if not context.whole:
        return
    if not DATA.is_dir():
        report.skipped("SST-2 and code-snippets", "no ../shared/data")
        return
    for what, (rows, template, words) in TASKS.items():
        compare(context, report, what, rows(), template, words)
