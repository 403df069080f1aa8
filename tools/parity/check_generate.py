"""Greedy text: 64 tokens of the real model, and every tiny decoder, with a KV cache on both sides; four beams of the tiny ones."""

from __future__ import annotations

import json

import torch
import transformers

from beams import ENDS
from beams import search as beam_search
from cases import all_cases
from checkpoints import PAD, build, is_causal, load, make_batch
from references import llama_ids, smollm2, smollm2_folder, smollm2_tokenizer
from report import SMOLLM2, Context, Failed, Report

NEW_TOKENS = 64
BEAM_OPTIONS = [{}, {"early_stopping": True}, {"early_stopping": "never", "length_penalty": 2.0},
                {"length_penalty": -1.0, "no_repeat_ngram_size": 2}]
PROMPTS = [
    "Gravity is",
    "Once upon a time there was a",
    "def fibonacci(n):\n    ",
    "Q: What is the capital of France?\nA:",
    "The three most important things about writing are",
]


@torch.no_grad()
def reference(model, prompt: list[int], new_tokens: int) -> tuple[list[int], list[float]]:
    """New ids, and the margin of the best logit over the second at each step."""
    ids = torch.tensor([prompt])
    settings = transformers.GenerationConfig(max_new_tokens=new_tokens, do_sample=False, pad_token_id=PAD,
                                             output_logits=True, return_dict_in_generate=True)
    if model.config.is_encoder_decoder:
        settings.decoder_start_token_id = model.config.decoder_start_token_id
        settings.eos_token_id = model.config.eos_token_id
    out = model.generate(ids, attention_mask=torch.ones_like(ids), generation_config=settings)
    best = [step[0].topk(2).values for step in out.logits]
    before = 1 if model.config.is_encoder_decoder else len(prompt)
    return out.sequences[0, before:].tolist(), [(b[0] - b[1]).item() for b in best]


def ours(context: Context, path, prompt: list[int], new_tokens: int) -> dict:
    return context.json_lines("run", "-m", path, "--dtype", "f32", "-n", new_tokens, "--ids",
                              ",".join(map(str, prompt)))[-1]


def same(found: list[int], wanted: list[int], margins: list[float]) -> str | None:
    """None if equal, else the first difference and the margin of that step."""
    if found == wanted:
        return None
    step = next((i for i, (a, b) in enumerate(zip(found, wanted)) if a != b), min(len(found), len(wanted)))
    margin = margins[step] if step < len(margins) else 0.0
    return f"part at token {step} (margin {margin:.1e})"


def four_beams(context: Context, report: Report, case, folder, model, prompt: list[int]) -> None:
    """Sequences and scores of four beams; several end tokens, since with random weights one alone ends few texts."""
    config = folder / "generation_config.json"
    found = []
    for options in BEAM_OPTIONS:
        settings = {"eos_token_id": ENDS, "num_beams": 4, "num_return_sequences": 4, "max_new_tokens": case.greedy} | options
        if model.config.is_encoder_decoder:
            settings["decoder_start_token_id"] = model.config.decoder_start_token_id
        config.write_text(json.dumps(settings))
        wanted = beam_search(model, prompt, settings)
        made = ours(context, folder, prompt, case.greedy)["sequences"]
        same_ids = [s["ids"] for s in made] == [s["ids"] for s in wanted]
        close = all(abs(a["score"] - b["score"]) <= 1e-4 * max(1, abs(b["score"])) for a, b in zip(made, wanted))
        if not same_ids or not close:
            found.append(f"{'scores' if same_ids else 'ids'} differ with {options}")
    config.unlink()
    report.add(f"{case.path}, 4 beams", "; ".join(found) or "same ids and scores", "identical, 1e-4", not found)


def tiny(context: Context, report: Report) -> None:
    for case in all_cases():
        speaks = is_causal(case) or case.model.endswith(("ForConditionalGeneration", "MTModel"))
        if not speaks or case.family not in context.families:
            continue
        try:
            problem = None
            for seed in range(1, context.seeds + 1):
                folder = context.work / f"{case.family}-{case.name}-{seed}"
                build(case, folder, seed)
                prompt = make_batch(case, seed)["input_ids"][0, :6].tolist()
                wanted, margins = reference(load(case, folder), prompt, case.greedy)
                problem = problem or same(ours(context, folder, prompt, case.greedy)["ids"], wanted, margins)
            report.add(f"{case.path}, {case.greedy} tokens", problem or "same ids", "identical", problem is None)
            four_beams(context, report, case, folder, load(case, folder), prompt)
        except (Failed, OSError, ValueError, KeyError) as why:
            report.failed(case.path, why)


def real(context: Context, report: Report) -> None:
    model, tokenizer = smollm2(), smollm2_tokenizer()
    for path, what in ((SMOLLM2, "SmolLM2 GGUF"), (smollm2_folder(), "SmolLM2 folder")):
        for text in PROMPTS:
            name = f"{what}: {text[:24]!r}"
            try:
                prompt = llama_ids(SMOLLM2, text)
                wanted, margins = reference(model, prompt, NEW_TOKENS)
                found = ours(context, path, prompt, NEW_TOKENS)
                problem = same(found["ids"], wanted, margins)
                decoded = tokenizer.decode(wanted, skip_special_tokens=True, clean_up_tokenization_spaces=False)
                if problem is None and found["text"] != decoded:
                    problem = f"same ids, other text: {found['text'][:40]!r}"
                report.add(name, problem or f"{len(wanted)} tokens", "identical", problem is None)
            except (Failed, OSError, ValueError, KeyError) as why:
                report.failed(name, why)


def run(context: Context, report: Report) -> None:
    tiny(context, report)
    if context.whole:
        real(context, report)
