"""Logits and hidden states: tiny checkpoints of every shape and format, then the real models."""

from __future__ import annotations

import json

import torch
import transformers

from cases import all_cases
from checkpoints import build, expected, load, make_batch
from references import llama_ids, minilm, smollm2, smollm2_folder
from report import DATA, MINILM, SMOLLM2, Context, Failed, Report, distance

TEXTS = [
    "Gravity is",
    "The quick brown fox jumps over the lazy dog. It was the best of times, it was the worst of times; we had "
    "everything before us, we had nothing before us.",
    "int main(int argc, char** argv) {\n\tstd::cout << \"Hello\" << std::endl;\n\treturn argc;\n}\n",
]


def rows_of(batch, lengths, key="input_ids"):
    return [batch[key][i, :n].tolist() for i, n in enumerate(lengths)] if key in batch else None


def moved(value: torch.Tensor, lengths, side: str, width: int) -> torch.Tensor:
    """Right-padded per-token values in the layout of the other side."""
    if side == "right" or value.ndim < 2 or value.shape[1] != width:
        return value
    return torch.stack([row.roll(width - n, 0) for row, n in zip(value, lengths)])


def compare_two_stacks(context: Context, case, folder, batch, wanted) -> float:
    """The same of an encoder-decoder. The decoder's rows are always padded on the right."""
    ids, width, worst = rows_of(batch, case.lengths), max(case.lengths), 0.0
    targets = [("--decoder-ids", ",".join(map(str, row))) for row in rows_of(batch, case.decoder_lengths, "decoder_input_ids")]
    for side in ("right", "left"):
        found = context.forward(folder, ids, None, side, *[word for pair in targets for word in pair])
        for name, value in wanted.items():
            value = moved(value, case.lengths, side, width) if name.startswith("encoder") else value
            worst = max(worst, distance(found[name], value))
    alone = context.forward(folder, ids[2:3], None, "right", *targets[2])
    for name, value in wanted.items():
        length = case.lengths[2] if name.startswith("encoder") else case.decoder_lengths[2]
        worst = max(worst, distance(alone[name], value[2:3, :length]))
    return worst


def compare_case(context: Context, case, folder, batch, wanted) -> float:
    """The largest distance over both padding sides and over a batch of one row."""
    ids, types = rows_of(batch, case.lengths), rows_of(batch, case.lengths, "token_type_ids")
    width = max(case.lengths)
    if "decoder_input_ids" in batch:
        return compare_two_stacks(context, case, folder, batch, wanted)
    per_token = {name for name in wanted if wanted[name].ndim >= 2 and wanted[name].shape[1] == width and
                 name not in ("pooler_output", "seq_relationship_logits")}
    if "SequenceClassification" in case.model:
        per_token.discard("logits")
    worst = 0.0
    for side in ("right", "left"):
        found = context.forward(folder, ids, types, side)
        for name, value in wanted.items():
            value = moved(value, case.lengths, side, width) if name in per_token else value
            if name not in found:
                raise Failed(f"no tensor {name} in the output")
            worst = max(worst, distance(found[name], value))
    alone = context.forward(folder, ids[2:3], types and types[2:3])
    for name, value in wanted.items():
        value = value[2:3, :case.lengths[2]] if name in per_token else value[2:3]
        worst = max(worst, distance(alone[name], value))
    return worst


def tiny(context: Context, report: Report, wanted_heads: bool) -> None:
    for case in all_cases():
        head = not case.model.endswith(("ForCausalLM", "ForMaskedLM", "ForConditionalGeneration", "MTModel", "Model"))
        if head != wanted_heads or case.family not in context.families:
            continue
        worst = 0.0
        try:
            for seed in range(1, context.seeds + 1):
                folder = context.work / f"{case.family}-{case.name}-{seed}"
                build(case, folder, seed)
                batch = make_batch(case, seed)
                worst = max(worst, compare_case(context, case, folder, batch,
                                                expected(case, load(case, folder), batch)))
            report.error(f"{case.path}, {context.seeds} seeds, both paddings", worst)
        except (Failed, OSError, ValueError) as why:
            report.failed(case.path, why)


@torch.no_grad()
def decoder(context: Context, report: Report, what: str, model, path, ids: list[list[int]]) -> None:
    """Rows of several lengths, padded on the left; the reference is every row alone."""
    try:
        found = context.forward(path, ids, None, "left")
        worst = 0.0
        for row, tokens in enumerate(ids):
            out = model(input_ids=torch.tensor([tokens]), output_hidden_states=True)
            for name, value in (("logits", out.logits), ("last_hidden_state", out.hidden_states[-1])):
                worst = max(worst, distance(found[name][row, -len(tokens):], value[0].float()))
        report.error(what, worst)
    except (Failed, OSError, ValueError) as why:
        report.failed(what, why)


@torch.no_grad()
def encoder(context: Context, report: Report) -> None:
    model, tokenizer = minilm()
    ids = [tokenizer(text)["input_ids"] for text in TEXTS]
    try:
        found = context.forward(MINILM, ids)
        worst = 0.0
        for row, tokens in enumerate(ids):
            out = model(input_ids=torch.tensor([tokens]))
            worst = max(worst, distance(found["last_hidden_state"][row, :len(tokens)], out.last_hidden_state[0]))
            worst = max(worst, distance(found["pooler_output"][row], out.pooler_output[0]))
        report.error("MiniLM folder", worst)
    except (Failed, KeyError, OSError) as why:
        report.failed("MiniLM folder", why)


def run(context: Context, report: Report) -> None:
    tiny(context, report, wanted_heads=False)
    if not context.whole:
        return
    ids = [llama_ids(SMOLLM2, text) for text in TEXTS]
    decoder(context, report, "SmolLM2 GGUF", smollm2(), SMOLLM2, ids)
    decoder(context, report, "SmolLM2 dequantised folder", smollm2(), smollm2_folder(), ids)
    encoder(context, report)
    stories = DATA / "stories260K-hf"
    if not stories.is_dir():
        report.skipped("stories260K folder", "no ../shared/data")
        return
    model = transformers.AutoModelForCausalLM.from_pretrained(stories, dtype=torch.float32).eval()
    greedy = json.loads((stories / "expected.json").read_text())["greedy_ids_201"]
    decoder(context, report, "stories260K folder", model, stories, [greedy, greedy[:17], greedy[:1]])
