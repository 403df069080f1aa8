"""Files of `linnet convert`: Transformers reads the folder, llama.cpp the GGUF, and results do not change."""

from __future__ import annotations

import torch
import transformers

from cases import all_cases
from checkpoints import build, is_causal, load, make_batch
from references import llama_ids, llama_vocabulary
from report import SMOLLM2, Context, Failed, Report, distance

NEW_TOKENS = 40
PROMPTS = ["Gravity is", "Once upon a time there was a", "def fibonacci(n):\n    "]
TEXTS = ["Hello, y'all! 1234 and 3.14", "x  =  [1, 22, 333]\n\n\treturn", "Straße ünïcödé 你好 🚀", "<|im_start|>user\nHi<|im_end|>"]


def greedy_text(path, prompt: str) -> str:
    import llama_cpp

    model = llama_cpp.Llama(str(path), n_ctx=256, n_threads=2, verbose=False)
    return model(prompt, max_tokens=NEW_TOKENS, temperature=0.0)["choices"][0]["text"]


def real(context: Context, report: Report) -> None:
    folder, again = context.work / "smollm2", context.work / "smollm2.gguf"
    context.linnet("convert", SMOLLM2, "-o", folder, "--dtype", "f32")
    context.linnet("convert", folder, "-o", again)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    for text in TEXTS:
        found = tokenizer(text, add_special_tokens=False)["input_ids"]
        wanted = llama_ids(SMOLLM2, text, special=True)
        report.add(f"folder's ids in Transformers: {text[:20]!r}", f"{len(found)} ids", "identical", found == wanted)
        found = llama_vocabulary(again).tokenize(text.encode(), add_bos=False, special=True)
        report.add(f"GGUF's ids in llama.cpp: {text[:20]!r}", f"{len(found)} ids", "identical", found == wanted)
    prompt = llama_ids(SMOLLM2, PROMPTS[0])
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.no_grad():
        wanted = model(torch.tensor([prompt])).logits
    for path, what in ((folder, "folder"), (again, "GGUF")):
        report.error(f"{what}'s logits here and the folder's in Transformers",
                     distance(context.forward(path, [prompt])["logits"], wanted))
    for prompt in PROMPTS:
        # Not llama.cpp's own text from the quantised file: there it rounds activations to 8 bits.
        found = greedy_text(again, prompt)
        wanted = context.json_lines("run", prompt, "-m", SMOLLM2, "--dtype", "f32", "-n", NEW_TOKENS)[-1]["text"]
        report.add(f"GGUF -> folder -> GGUF in llama.cpp: {prompt[:20]!r}", repr(found[:30]), "same text", found == wanted)
        for dtype in ("q8", "bf16"):
            other = context.work / f"smollm2-{dtype}.gguf"
            context.linnet("convert", folder, "-o", other, "--dtype", dtype)
            report.add(f"{dtype} in llama.cpp: {prompt[:20]!r}", repr(greedy_text(other, prompt)[:30]), "loads", True)


def tiny(context: Context, report: Report) -> None:
    """Folder -> folder in bf16 equals PyTorch's rounding."""
    for case in all_cases():
        if case.family not in context.families or not is_causal(case):
            continue
        try:
            base, folder = context.work / f"{case.path}-base", context.work / f"{case.path}-bf16"
            build(case, base, 1)
            context.linnet("convert", base, "-o", folder, "--dtype", "bf16")
            ours, theirs = load(case, folder).to(torch.float32), load(case, base).to(torch.float32)
            for parameter in theirs.parameters():  # not the module: rotary frequencies are a buffer and stay in f32
                parameter.data = parameter.data.to(torch.bfloat16).to(torch.float32)
            ids = make_batch(case, 1)["input_ids"][:1, :6]
            with torch.no_grad():
                report.error(f"{case.path} in bf16", distance(ours(ids).logits, theirs(ids).logits), 1e-6)
        except (Failed, OSError, ValueError, KeyError) as why:
            report.failed(case.path, why)


def run(context: Context, report: Report) -> None:
    tiny(context, report)
    if context.whole:
        try:
            real(context, report)
        except (Failed, OSError, ValueError, ImportError) as why:
            report.failed("SmolLM2", why)
