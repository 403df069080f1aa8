"""Trained heads: their logits, and the output of the commands that use them."""

from __future__ import annotations

import torch

import check_forward
from cases import all_cases
from checkpoints import EOS, FIRST_WORD, MASK, VOCABULARY, begin_and_end, build, load
from references import minilm
from report import MINILM, Context, Failed, Report, distance

LENGTHS = (1, 4, 11)


def tiny_texts(seed: int) -> list[str]:
    generator = torch.Generator().manual_seed(seed)
    return [" ".join(f"w{i}" for i in torch.randint(FIRST_WORD, VOCABULARY, (n,), generator=generator)) for n in LENGTHS]


def token_ids(case, text: str) -> torch.Tensor:
    """The ids of a text with the tiny tokenizer."""
    words = [MASK if word == case.special[MASK] else int(word[1:]) for word in text.split()]
    if case.encoder:
        begin, end = begin_and_end(case)
        words = [begin, *words, end]
    elif case.two_stacks:
        words = [*words, EOS]
    elif case.begins:
        words = [1, *words]
    return torch.tensor([words])


@torch.no_grad()
def classify(context: Context, report: Report) -> None:
    for case in all_cases():
        if case.name != "classifier" or case.family not in context.families:
            continue
        try:
            folder = context.work / f"{case.family}-classifier"
            build(case, folder, 1)
            model = load(case, folder)
            worst = 0.0
            texts = tiny_texts(3)
            for text, found in zip(texts, context.json_lines("classify", "-m", folder, "--dtype", "f32", *texts), strict=True):
                wanted = model(input_ids=token_ids(case, text)).logits[0].softmax(-1)
                scores = {entry["label"]: entry["score"] for entry in found["scores"]}
                ours = torch.tensor([scores[model.config.id2label[i]] for i in range(len(wanted))])
                worst = max(worst, distance(ours, wanted))
            report.error(f"classify with the head of {case.path}", worst)
        except (Failed, OSError, ValueError, KeyError) as why:
            report.failed(f"classify with the head of {case.path}", why)


@torch.no_grad()
def fill(context: Context, report: Report, case) -> None:
    try:
        folder = context.work / f"{case.family}-masked"
        build(case, folder, 1)
        model = load(case, folder)
        text = f"w9 w10 {case.special[MASK]} w11 w12"
        ids = token_ids(case, text)
        wanted = model(input_ids=ids).logits[0, ids[0].tolist().index(MASK)].softmax(-1).topk(5)
        found = context.json_lines("fill", "-m", folder, "--dtype", "f32", text)[-1]
        same = [entry["token"] for entry in found] == wanted.indices.tolist()
        gap = distance(torch.tensor([entry["score"] for entry in found]), wanted.values) if same else float("inf")
        report.error(f"{case.path}: fill, five best tokens", gap)
    except (Failed, OSError, ValueError, KeyError, TypeError) as why:
        report.failed(f"{case.path}: fill", why)


@torch.no_grad()
def embed(context: Context, report: Report) -> None:
    model, tokenizer = minilm()
    texts = check_forward.TEXTS
    try:
        found = context.json_lines("embed", "-m", MINILM, "--dtype", "f32", *texts)
        worst = 0.0
        for text, row in zip(texts, found, strict=True):
            hidden = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].mean(0)
            # The folder's modules.json ends with Normalize.
            ours = torch.tensor(row["embedding"])
            worst = max(worst, min(distance(ours, hidden), distance(ours, hidden / hidden.norm())))
        report.error("embed with MiniLM", worst)
    except (Failed, OSError, ValueError, KeyError) as why:
        report.failed("embed with MiniLM", why)


def run(context: Context, report: Report) -> None:
    check_forward.tiny(context, report, wanted_heads=True)
    classify(context, report)
    for case in all_cases():
        if case.name == "masked" and case.family in context.families:
            fill(context, report, case)
    if "bert" in context.families:
        embed(context, report)
