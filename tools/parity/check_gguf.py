"""GGUF files of `linnet convert` in llama.cpp: every family that it loads gives the logits and rows of Transformers, and the
greedy ids of linnet."""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import shutil

import numpy
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

import check_tokenize
from cases import VOCABULARY, Case, all_cases
from check_generate import ours
from checkpoints import build, load, make_batch
from report import DATA, Context, Failed, Report, distance

NEW_TOKENS = 16
SEED = 3
# Every case that both read, in f32: with half-precision weights llama.cpp also rounds what it multiplies with them. Not
# qwen3/wide-heads, gemma/wide-heads and olmo2/biases, whose biases of attention's output llama.cpp does not have; not
# phi3/window, since it ignores Phi-3's window; not mT5, which Transformers ties and a GGUF file cannot say so.
CASES = ("bloom/causal", "bloom/old-spelling", "bloom/twelve-heads", "gpt2/causal", "gpt2/untied",
         "llama/causal", "llama/tied", "llama/wide-heads", "llama/rope-theta", "llama/rope-linear", "llama/rope-yarn",
         "llama/rope-yarn-mscale", "llama/rope-llama3", "llama/rope-longrope", "mistral/causal", "mistral/wide-heads",
         "qwen2/causal", "qwen2/tied", "qwen3/causal", "gemma/causal", "gemma2/old-spelling", "gemma3_text/six-layers",
         "smollm3/causal", "phi3/causal", "phi3/rope-longrope", "gpt_neox/causal", "gpt_neox/sequential",
         "gpt_neox/rope-linear", "olmo2/causal", "granite/causal", "granite/wide-heads", "stablelm/causal", "stablelm/whole",
         "t5/far")
# llama.cpp needs heads of an even size: it copies the dimensions that do not turn in pairs.
VARIANTS = {"gpt_neox/sequential": dict(hidden_size=24, rope_parameters=dict(rope_type="default", rope_theta=100.0,
                                                                             partial_rotary_factor=0.5))}
ENCODERS = ("bert/trunk", "roberta/trunk", "camembert/trunk")
CLOSE = 5e-3  # of the best logit over the second: llama.cpp's GELU is another function (LlamaGelu)
# Of logits and rows from Transformers'. With LlamaGelu it is rounding (measured: 1e-5), unless a value that is between two
# 16-bit ones is rounded to the other, which changes a unit by 2^-11 (measured: 5e-4).
LIMIT, GELU_LIMIT = 5e-5, 1e-3


class LlamaGelu(torch.nn.Module):
    """ggml's GELU on CPUs: a table of the tanh approximation, whose inputs and outputs have 16 bits. It differs from the
    exact one by up to 5e-4 and from the approximation by 2^-11: rows of tiny encoders by up to 4e-3."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        table = torch.nn.functional.gelu(x.half().float(), approximate="tanh").half().float()
        return torch.where(x <= -10, torch.zeros_like(x), torch.where(x >= 10, x, table))


def as_llama(model: torch.nn.Module) -> bool:
    """Replaces the model's GELU by LlamaGelu; False if it has none."""
    found = [(module, name) for module in model.modules() for name, child in module.named_children()
             if "gelu" in type(child).__name__.lower()]
    for module, name in found:
        setattr(module, name, LlamaGelu())
    return bool(found)


def cases_of(context: Context, paths: tuple[str, ...]) -> list[Case]:
    chosen = [case for case in all_cases() if case.path in paths and case.family in context.families]
    return [dataclasses.replace(case, config=case.config | VARIANTS.get(case.path, {})) for case in chosen]


def byte_tokenizer(folder) -> None:
    """One id per byte, and one merge, without which llama.cpp reads no vocabulary of this kind."""
    letters = [c for c in sorted(pre_tokenizers.ByteLevel.alphabet()) if c.isascii()][:VOCABULARY - 4]
    vocabulary = {word: i for i, word in enumerate(["<pad>", "<s>", "</s>", *letters, letters[0] + letters[1]])}
    core = Tokenizer(models.BPE(vocabulary, [(letters[0], letters[1])]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    transformers.PreTrainedTokenizerFast(tokenizer_object=core, pad_token="<pad>", bos_token="<s>",
                                         eos_token="</s>").save_pretrained(folder)


def llama(path, **more):
    import llama_cpp

    return llama_cpp.Llama(str(path), n_ctx=256, n_threads=1, verbose=False, type_k=0, type_v=0, **more)  # f32 cache


def logits_after(model, ids: list[int], encodes: bool = False) -> numpy.ndarray | None:
    import llama_cpp

    tokens = (llama_cpp.llama_token * len(ids))(*ids)
    run = llama_cpp.llama_encode if encodes else llama_cpp.llama_decode
    if run(model.ctx, llama_cpp.llama_batch_get_one(tokens, len(ids))) != 0:
        raise Failed("llama.cpp cannot run the model")
    if encodes:
        return None
    row = llama_cpp.llama_get_logits_ith(model.ctx, -1)
    return numpy.ctypeslib.as_array(ctypes.cast(row, ctypes.POINTER(ctypes.c_float)), (model.n_vocab(),)).copy()


def greedy(model, prompt: list[int], case: Case) -> tuple[list[int], list[float], torch.Tensor]:
    """The new ids, the margin of the best logit at each step, and the first logits."""
    if case.two_stacks:
        logits_after(model, prompt, encodes=True)
        prompt = [case.config["decoder_start_token_id"]]
    ids, margins, first = [], [], None
    while len(ids) < NEW_TOKENS and (not ids or ids[-1] != case.config["eos_token_id"]):
        logits = logits_after(model, ids[-1:] or prompt)
        first = torch.tensor(logits) if first is None else first
        second, best = numpy.sort(logits)[-2:]
        ids.append(int(logits.argmax()))
        margins.append(float(best - second))
    return ids, margins, first


def problem_of(found: list[int], wanted: list[int], margins: list[float]) -> str | None:
    step = next((i for i, (a, b) in enumerate(zip(found, wanted)) if a != b), None)
    if step is None:
        return None if len(found) == len(wanted) else f"{len(found)} ids instead of {len(wanted)}"
    return None if margins[step] < CLOSE else f"part at token {step} (margin {margins[step]:.1e})"


def rows_of(file, ids: list[int]) -> torch.Tensor:
    import llama_cpp

    with contextlib.closing(llama(file, embedding=True, pooling_type=llama_cpp.LLAMA_POOLING_TYPE_NONE)) as model:
        batch = llama_cpp.llama_batch_init(len(ids), 0, 1)
        for i, token in enumerate(ids):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.seq_id[i][0], batch.logits[i] = token, i, 1, 0, True
        batch.n_tokens = len(ids)
        if llama_cpp.llama_encode(model.ctx, batch) != 0:
            raise Failed("llama.cpp cannot run the model")
        rows = [numpy.ctypeslib.as_array(llama_cpp.llama_get_embeddings_ith(model.ctx, i), (model.n_embd(),)).copy()
                for i in range(len(ids))]
        llama_cpp.llama_batch_free(batch)
    return torch.tensor(numpy.stack(rows))


def converted(context: Context, case: Case):
    folder, file = context.work / f"gguf/{case.path}", context.work / f"gguf/{case.path}.gguf"
    build(case, folder, SEED)
    byte_tokenizer(folder)
    context.linnet("convert", folder, "-o", file)
    return folder, file


def transformers_output(case: Case, folder, ids: list[int]) -> tuple[torch.Tensor, float]:
    """The rows of an encoder, or the logits after a decoder's ids or of an encoder-decoder's first token; and the limit."""
    model = load(case, folder).eval()
    limit = GELU_LIMIT if as_llama(model) else LIMIT
    start = {"decoder_input_ids": torch.tensor([[case.config["decoder_start_token_id"]]])} if case.two_stacks else {}
    with torch.no_grad():
        output = model(torch.tensor([ids]), **start)
    return output.last_hidden_state[0] if case.encoder else output.logits[0, -1], limit


def encoders(context: Context, report: Report) -> None:
    for case in cases_of(context, ENCODERS):
        try:
            folder, file = converted(context, case)
            ids = make_batch(case, SEED)["input_ids"][2, :case.lengths[2]].tolist()
            wanted, limit = transformers_output(case, folder, ids)
            report.error(f"{case.path}: rows of llama.cpp", distance(rows_of(file, ids), wanted), limit)
        except (Failed, OSError, ValueError, KeyError) as why:
            report.failed(case.path, why)


def t5_vocabulary(context: Context, report: Report) -> None:
    """The Unigram vocabulary of t5-small in the file of a tiny T5."""
    source = DATA / "tokenizers" / "t5-small"
    if not source.is_dir():
        return report.skipped("t5-small's vocabulary", "no ../shared/data")
    folder, file = context.work / "gguf/t5-vocabulary", context.work / "gguf/t5-vocabulary.gguf"
    case = cases_of(context, ("t5/far",))[0]
    build(dataclasses.replace(case, config=case.config | dict(vocab_size=32100)), folder, SEED)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(source / name, folder / name)
    context.linnet("convert", folder, "-o", file)
    check_tokenize.compare_gguf(context, report, "t5-small's vocabulary", file, check_tokenize.naughty() + check_tokenize.scripts())


def run(context: Context, report: Report) -> None:
    encoders(context, report)
    if "t5" in context.families:
        t5_vocabulary(context, report)
    for case in cases_of(context, CASES):
        try:
            folder, file = converted(context, case)
            # Longer than the trained length of longrope: llama.cpp takes the long factors for its whole context.
            prompt = make_batch(case, SEED)["input_ids"][0, :min(max(case.lengths), 20)].tolist()
            with contextlib.closing(llama(file)) as model:
                ids, margins, logits = greedy(model, prompt, case)
            wanted, limit = transformers_output(case, folder, prompt)
            report.error(f"{case.path}: logits of llama.cpp", distance(logits, wanted), limit)
            problem = problem_of(ours(context, file, prompt, NEW_TOKENS)["ids"], ids, margins)
            report.add(f"{case.path}: {len(ids)} tokens", problem or "same ids", "llama.cpp's", problem is None)
        except (Failed, OSError, ValueError, KeyError) as why:
            report.failed(case.path, why)
