"""Ten AdamW steps against PyTorch, and the saved folder in Transformers."""

from __future__ import annotations

import json
import math
import shutil

import torch
import transformers

from cases import Case, all_cases
from checkpoints import PAD, build, load
from check_heads import tiny_texts, token_ids
from report import Context, Failed, Report, distance
from training import ADAMW, IGNORED, STEPS, WEIGHT_DECAY, optimizer_of

LABELS = ("red", "green", "blue")
SAVED = 1e-5  # logits of the saved folder, ours against Transformers'


def padded(case: Case, texts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """The ids of texts, padded on the right, and their mask."""
    ids = [token_ids(case, text)[0] for text in texts]
    width = max(len(row) for row in ids)
    return (torch.stack([torch.cat([row, row.new_full((width - len(row),), PAD)]) for row in ids]),
            torch.stack([torch.arange(width) < len(row) for row in ids]).long())


def data_of(case: Case, seed: int) -> tuple[list[dict], dict[str, torch.Tensor]]:
    """The rows of the file and their batch."""
    texts = tiny_texts(seed)
    ids, mask = padded(case, texts)
    batch = {"input_ids": ids, "attention_mask": mask}
    if case.objective == "seq2seq":
        targets = tiny_texts(seed + 1)[::-1]
        labels, kept = padded(case, targets)
        batch["labels"] = labels.masked_fill(kept == 0, IGNORED)
        return [{"source": text, "target": target} for text, target in zip(texts, targets)], batch
    if case.objective == "causal":
        batch["labels"] = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, IGNORED)
        return [{"text": text} for text in texts], batch
    batch["labels"] = torch.arange(len(texts)) % len(LABELS)
    return [{"text": text, "label": LABELS[i % len(LABELS)]} for i, text in enumerate(texts)], batch


def reference(model: torch.nn.Module, batch: dict[str, torch.Tensor]) -> tuple[list[float], float]:
    """The losses, and the norm of all gradients at the first step."""
    optimizer = optimizer_of(model)
    losses, norm = [], 0.0
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = model(**batch).loss
        loss.backward()
        if step == 0:
            norm = math.sqrt(sum(p.grad.square().sum().item() for p in model.parameters() if p.grad is not None))
        optimizer.step()
        losses.append(loss.item())
    return losses, norm


def train_arguments(case: Case, model, data, out, *more) -> list:
    """Plain AdamW on one batch of all rows, once per epoch: no shuffling, clipping, schedule or held-out rows."""
    made = ["train", "-m", model, "--data", data, "-o", out, "--dtype", "f32", "--seed", 1, "--no-shuffle",
            "--epochs", STEPS, "--batch-size", 3, "--optimizer", "adamw", "--learning-rate", ADAMW["lr"],
            "--weight-decay", WEIGHT_DECAY, "--warmup-ratio", 0, "--schedule", "constant", "--clip", 0,
            "--valid-fraction", 0, "--max-length", 64, *more]
    tasks = {"causal": ["causal-lm", "--no-eos"], "seq2seq": ["seq2seq"]}
    return made + ["--task", *tasks.get(case.objective, ["classify"])]


def steps_of(lines: list[dict]) -> list[dict]:
    return [line for line in lines if "loss" in line and "step" in line]


@torch.no_grad()
def saved_folder(context: Context, case: Case, folder, texts: list[str]) -> float:
    """The largest distance between our logits of a saved folder and those of Transformers."""
    model = getattr(transformers, case.model).from_pretrained(folder, dtype=torch.float32).eval()
    # Not AutoTokenizer: for some families it ignores the file and builds the family's own pre-tokenizer.
    tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
    worst = 0.0
    for text in texts:
        ids = tokenizer(text)["input_ids"]
        assert ids == token_ids(case, text)[0].tolist(), "the saved tokenizer gives other ids"
        row, more = torch.tensor([ids]), []
        wanted = model(row, decoder_input_ids=row) if case.objective == "seq2seq" else model(row)
        if case.objective == "seq2seq":
            more = ["--decoder-ids", ",".join(map(str, ids))]
        worst = max(worst, distance(context.forward(folder, [ids], None, "right", *more)["logits"][0], wanted.logits[0]))
    return worst


def compare(context: Context, report: Report, case: Case, seed: int) -> None:
    folder = context.work / f"train-{case.family}-{case.name}-{seed}"
    build(case, folder, seed)
    rows, batch = data_of(case, seed)
    data = folder.with_suffix(".jsonl")
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    out = folder.with_name(folder.name + "-trained")
    shutil.rmtree(out, ignore_errors=True)
    steps = steps_of(context.json_lines(*train_arguments(case, folder, data, out, "--method", "full")))
    losses, norm = reference(load(case, folder), batch)
    if len(steps) != STEPS:
        raise Failed(f"{len(steps)} steps instead of {STEPS}")
    gap = max(abs(step["loss"] - loss) / abs(loss) for step, loss in zip(steps, losses))
    report.error(f"{case.path}: {STEPS} losses, relative", gap)
    report.error(f"{case.path}: norm of the gradients, relative", abs(steps[0]["grad_norm"] - norm) / norm)
    report.error(f"{case.path}: saved folder, logits", saved_folder(context, case, out, tiny_texts(seed)), 1e-4 if case.two_stacks else SAVED)


def run(context: Context, report: Report) -> None:
    for case in all_cases():
        if case.objective not in ("causal", "classify", "seq2seq") or case.family not in context.families:
            continue
        try:
            compare(context, report, case, 1)
        except (Failed, OSError, ValueError, KeyError, AssertionError) as why:
            report.failed(case.path, why)
