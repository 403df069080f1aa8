"""GGUF files of `linnet convert` in llama.cpp: every family that it loads gives the same greedy ids there and here, or, of
an encoder, the same rows."""

from __future__ import annotations

import contextlib
import ctypes

import numpy
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from cases import VOCABULARY, Case, all_cases
from check_generate import ours
from checkpoints import build, make_batch
from report import Context, Failed, Report, distance

NEW_TOKENS = 16
SEED = 3
CASES = ("bloom/causal", "gpt2/causal", "llama/causal", "llama/wide-heads", "llama/rope-linear", "llama/rope-yarn",
         "llama/rope-llama3", "llama/rope-longrope", "mistral/causal", "qwen2/causal", "qwen3/causal",
         "phi3/causal", "phi3/rope-longrope", "gpt_neox/causal", "gpt_neox/sequential", "olmo2/causal", "granite/causal",
         "granite/wide-heads", "stablelm/causal", "stablelm/whole", "t5/far")
ENCODERS = ("bert/trunk", "roberta/trunk", "camembert/trunk")
CLOSE = 5e-3  # of the best logit over the second: llama.cpp rounds GELU's input to 16 bits


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


def greedy(model, prompt: list[int], case: Case) -> tuple[list[int], list[float]]:
    """The new ids, and the margin of the best logit at each step."""
    if case.two_stacks:
        logits_after(model, prompt, encodes=True)
        prompt = [case.config["decoder_start_token_id"]]
    ids, margins = [], []
    while len(ids) < NEW_TOKENS and (not ids or ids[-1] != case.config["eos_token_id"]):
        logits = logits_after(model, ids[-1:] or prompt)
        second, best = numpy.sort(logits)[-2:]
        ids.append(int(logits.argmax()))
        margins.append(float(best - second))
    return ids, margins


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


def encoders(context: Context, report: Report) -> None:
    """The rows of llama.cpp from the file, and ours from the folder."""
    for case in all_cases():
        if case.path not in ENCODERS or case.family not in context.families:
            continue
        try:
            folder, file = converted(context, case)
            ids = make_batch(case, SEED)["input_ids"][2, :case.lengths[2]].tolist()
            ours_there = context.forward(folder, [ids])["last_hidden_state"][0]
            report.error(f"{case.path}: rows", distance(rows_of(file, ids), ours_there), 2e-3)  # GELU of 16 bits
        except (Failed, OSError, ValueError, KeyError) as why:
            report.failed(case.path, why)


def run(context: Context, report: Report) -> None:
    encoders(context, report)
    for case in all_cases():
        if case.path not in CASES or case.family not in context.families:
            continue
        try:
            _, file = converted(context, case)
            # Longer than the trained length of longrope: llama.cpp takes the long factors for its whole context.
            prompt = make_batch(case, SEED)["input_ids"][0, :min(max(case.lengths), 20)].tolist()
            with contextlib.closing(llama(file)) as model:
                wanted, margins = greedy(model, prompt, case)
            found = ours(context, file, prompt, NEW_TOKENS)["ids"]
            problem = problem_of(found, wanted, margins)
            report.add(f"{case.path}: {len(wanted)} tokens", problem or "same ids", "llama.cpp's", problem is None)
        except (Failed, OSError, ValueError, KeyError) as why:
            report.failed(case.path, why)
