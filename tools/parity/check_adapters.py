"""Adapters: PEFT's files give PEFT's logits here, and ours give ours there."""

from __future__ import annotations

import json
import shutil

import peft
import torch

import checkpoints
from adapters import Adapter, all_adapters, base_case, build, expected
from check_heads import tiny_texts, token_ids
from check_train import data_of, train_arguments
from checkpoints import load
from report import Context, Failed, Report, distance


def theirs_here(context: Context, report: Report, adapter: Adapter) -> None:
    worst = 0.0
    case = base_case(adapter)
    for seed in range(1, context.seeds + 1):
        root = context.work / f"peft-{seed}"
        base, folder = root / adapter.base, root / adapter.path
        checkpoints.build(case, base, seed)
        wanted = expected(adapter, build(adapter, folder, base, seed), seed)
        for row, length in enumerate(case.lengths):
            types = [wanted["token_type_ids"][row, :length].tolist()] if "token_type_ids" in wanted else None
            more = []
            ids = [wanted["input_ids"][row, :length].tolist()]
            if "decoder_input_ids" in wanted:
                length = case.decoder_lengths[row]
                more = ["right", "--decoder-ids", ",".join(map(str, wanted["decoder_input_ids"][row, :length].tolist()))]
            found = context.forward(folder, ids, types, *more)["logits"][0]
            value = wanted["logits"][row]
            worst = max(worst, distance(found, value if value.ndim == 1 else value[:length]))
    report.error(f"{adapter.name}: PEFT's file here", worst)


@torch.no_grad()
def ours_there(context: Context, report: Report, adapter: Adapter) -> None:
    case = base_case(adapter)
    base = context.work / "ours" / adapter.base
    folder = context.work / "ours" / adapter.path
    shutil.rmtree(folder, ignore_errors=True)
    checkpoints.build(case, base, 1)
    rows, _ = data_of(case, 1)
    data = context.work / "adapter.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    more = ["--method", adapter.kind, *(["--virtual-tokens", 3] if adapter.kind != "lora" else ["--lora-r", 4])]
    more += ["--peft-compat"] if adapter.kind == "prefix" else []
    context.linnet(*train_arguments(case, base, data, folder, *more))
    model = peft.PeftModel.from_pretrained(load(case, base), folder).eval()
    worst = 0.0
    for text in tiny_texts(5):
        ids = token_ids(case, text)
        wanted = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0]
        if "SequenceClassification" not in case.model:
            wanted = wanted[-ids.shape[1]:]
        worst = max(worst, distance(context.forward(folder, ids.tolist())["logits"][0], wanted))
    report.error(f"{adapter.name}: ours in PEFT", worst)


def run(context: Context, report: Report) -> None:
    for adapter in all_adapters():
        case = base_case(adapter)
        if case.family not in context.families:
            continue
        checks = [theirs_here]
        if case.objective in ("causal", "classify") and not {"target_modules", "use_rslora"} & set(adapter.more):
            checks.append(ours_there)
        for check in checks:
            try:
                check(context, report, adapter)
            except (Failed, OSError, ValueError, KeyError, RuntimeError) as why:
                report.failed(adapter.name, why)
