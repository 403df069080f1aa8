"""The verbs of one task each against the pipelines of Transformers and sentence-transformers' CrossEncoder."""

from __future__ import annotations

import torch
import transformers

import tasks
from report import Context, Failed, Report, distance

SEED = 1
FAMILY = {name: next(family for family in ("roberta", "bert", "t5") if kind.lower().startswith(family))
          for name, (kind, *_) in tasks.MODELS.items()}


def numbers(values) -> torch.Tensor:
    return torch.tensor(list(values), dtype=torch.float64)


def gap(found: list[dict], wanted: list[dict], keys: tuple) -> float:
    """Of the scores, if everything else is the same."""
    strip = [[{key: entry[key] for key in keys} for entry in entries] for entries in (found, wanted)]
    if strip[0] != strip[1]:
        return float("inf")
    return distance(numbers(entry["score"] for entry in found), numbers(entry["score"] for entry in wanted))


def as_list(result) -> list:
    return result if isinstance(result, list) else [result]


def tag(context: Context, folder, call: dict) -> float:
    stride = ["--stride", call["stride"]] if "stride" in call else []
    found = context.json_lines("tag", "-m", folder, "--dtype", "f32", "--aggregation", call["aggregation"], *stride, call["text"])
    keys = ("entity", "index") if call["aggregation"] == "none" else ("entity_group",)
    return gap(found[0], call["result"], (*keys, "word", "start", "end"))


def answer(context: Context, folder, call: dict) -> float:
    flags = {"top_k": "--top-k", "max_seq_len": "--max-seq-length", "doc_stride": "--doc-stride", "max_answer_len": "--max-answer-length"}
    more = [part for key, flag in flags.items() if key in call for part in (flag, call[key])]
    more += ["--no-answer"] * call.get("handle_impossible_answer", False)
    more += ["--no-align-to-words"] * (not call.get("align_to_words", True))
    found = context.json_lines("answer", "-m", folder, "--dtype", "f32", "--question", call["question"], "--context", call["context"],
                               *more)
    return gap(as_list(found[0]), as_list(call["result"]), ("start", "end", "answer"))


def classify(context: Context, folder, call: dict) -> float:
    template = ["--hypothesis-template", call["hypothesis_template"]] if "hypothesis_template" in call else []
    found = context.json_lines("classify", "-m", folder, "--dtype", "f32", "--engine", "nli", "--labels", ",".join(call["labels"]),
                               *template, *["--multi-label"] * call["multi_label"], call["text"])[0]
    wanted = [dict(label=label, score=score) for label, score in zip(call["result"]["labels"], call["result"]["scores"], strict=True)]
    by_label = [sorted(entries, key=lambda entry: entry["label"]) for entries in (found["scores"], wanted)]
    ordered = found["scores"] == sorted(found["scores"], key=lambda entry: -entry["score"])
    return gap(*by_label, ("label",)) if ordered else float("inf")


def rerank(context: Context, folder, call: dict) -> float:
    found = context.json_lines("rerank", "-m", folder, "--dtype", "f32", call["query"], *call["documents"])[0]
    wanted = [dict(index=entry["corpus_id"], score=entry["score"]) for entry in call["result"]]
    return gap(found, wanted, ("index",))


def write(context: Context, folder, call: dict) -> float:
    name = call["task"].split("_")  # translation_en_to_de
    verb = ["translate", "--from", name[1], "--to", name[3]] if len(name) > 1 else ["summarize"]
    found = context.json_lines(*verb, "-m", folder, "--dtype", "f32", call["text"])[0][0]
    text = found["translation_text" if len(name) > 1 else "summary_text"]
    return 0.0 if text == call["result"] else float("inf")


VERBS = {"writing": write, "tags": tag, "questions": answer, "nli": classify, "cross-encoder": rerank}


def run(context: Context, report: Report) -> None:
    transformers.logging.set_verbosity_error()
    for name in tasks.MODELS:
        if FAMILY[name] not in context.families:
            continue
        verb = next(verb for prefix, verb in VERBS.items() if name.startswith(prefix))
        folder = context.work / f"tasks-{name}"
        what = f"{verb.__name__} with {name}"
        try:
            tasks.build(name, folder, SEED)
            calls = tasks.expected(name, folder)
            report.error(f"{what}, {len(calls)} calls", max(verb(context, folder, call) for call in calls))
        except (Failed, OSError, ValueError, KeyError) as why:
            report.failed(what, why)
