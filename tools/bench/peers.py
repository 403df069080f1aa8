"""Runs one task of one peer in this process: peers.py TASK '{"option": …}' prints {"rate": units per second}."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def torch_with(threads: int):
    import torch
    import transformers

    torch.set_num_threads(threads)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return torch, transformers


def texts_of(file: str) -> list[str]:
    return [json.loads(line)["text"] for line in open(file)]


def classify(dtype, file, template, words, threads) -> float:
    """Two rows per text (one per label word), sorted by length, batches of 32, padded on the right."""
    torch, transformers = torch_with(threads)
    sys.path.append(str(Path(__file__).resolve().parents[1] / "parity"))
    from references import smollm2_folder, smollm2_tokenizer

    model = transformers.AutoModelForCausalLM.from_pretrained(
        smollm2_folder(), dtype={"f32": torch.float32, "bf16": torch.bfloat16}[dtype]).eval()
    tokenizer = smollm2_tokenizer()
    texts = texts_of(file)
    start = time.perf_counter()
    rows = []
    for text in texts:
        prompt = template.replace("{{ text }}", text)
        length = len(tokenizer(prompt)["input_ids"])
        rows += [(tokenizer(prompt + word)["input_ids"], length) for word in words]
    rows.sort(key=lambda row: len(row[0]))
    with torch.inference_mode():
        for at in range(0, len(rows), 32):
            part = rows[at:at + 32]
            width = max(len(ids) for ids, _ in part)
            ids = torch.tensor([ids + [0] * (width - len(ids)) for ids, _ in part])
            mask = torch.tensor([[1] * len(ids) + [0] * (width - len(ids)) for ids, _ in part])
            first = min(length for _, length in part) - 1  # no logits for the common prefix of the prompts
            logits = model(input_ids=ids, attention_mask=mask, logits_to_keep=width - first).logits.float()
            steps = logits.log_softmax(-1)
            for row, (tokens, length) in enumerate(part):
                sum(steps[row, i - 1 - first, tokens[i]].item() for i in range(length, len(tokens)))
    return len(texts) / (time.perf_counter() - start)


def llama(model, threads, context=1024):
    import llama_cpp

    return llama_cpp.Llama(model, n_ctx=context, n_batch=512, n_threads=threads, n_threads_batch=threads, flash_attn=True,
                           verbose=False)


def prefill(ids, new, model, threads) -> float:
    engine = llama(model, threads)
    engine.eval(ids[:64])  # warms the pages of the weights
    engine.reset()
    start = time.perf_counter()
    engine.eval(ids)
    return len(ids) / (time.perf_counter() - start)


def decode(ids, new, model, threads) -> float:
    engine = llama(model, threads)
    made = engine.generate(ids, temp=0.0)
    next(made)  # the prompt's own pass
    start = time.perf_counter()
    for _ in range(new - 1):
        next(made)
    return (new - 1) / (time.perf_counter() - start)


def batch(prompts, new, model, threads) -> float:
    """Each prompt is a sequence of one llama.cpp context; each step decodes the next token of all, greedily."""
    import llama_cpp as llama
    import numpy

    llama.llama_backend_init()
    weights = llama.llama_model_load_from_file(model.encode(), llama.llama_model_default_params())
    params = llama.llama_context_default_params()
    params.n_ctx = sum(len(ids) + new + 1 for ids in prompts)
    params.n_batch = params.n_ubatch = 512
    params.n_seq_max = len(prompts)
    params.n_threads = params.n_threads_batch = threads
    context = llama.llama_init_from_model(weights, params)
    vocab = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(weights))
    rows = llama.llama_batch_init(512, 0, 1)

    def run(tokens) -> list[int]:
        """tokens: (sequence, position, id, wanted); returns the most likely next ids of the wanted ones."""
        for i, (sequence, position, token, wanted) in enumerate(tokens):
            rows.token[i], rows.pos[i], rows.n_seq_id[i] = token, position, 1
            rows.seq_id[i][0], rows.logits[i] = sequence, wanted
        rows.n_tokens = len(tokens)
        if llama.llama_decode(context, rows) != 0:
            raise RuntimeError("llama_decode failed")
        return [int(numpy.ctypeslib.as_array(llama.llama_get_logits_ith(context, i), (vocab,)).argmax())
                for i, token in enumerate(tokens) if token[3]]

    start = time.perf_counter()
    last = []
    for s, ids in enumerate(prompts):
        last += run([(s, p, token, p + 1 == len(ids)) for p, token in enumerate(ids)])
    for step in range(new - 1):
        last = run([(s, len(ids) + step, last[s], True) for s, ids in enumerate(prompts)])
    return len(prompts) * new / (time.perf_counter() - start)


def embed(dtype, file, model, threads) -> float:
    torch, transformers = torch_with(threads)
    network = transformers.AutoModel.from_pretrained(model, dtype={"f32": torch.float32, "bf16": torch.bfloat16}[dtype]).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    texts = texts_of(file)
    start = time.perf_counter()
    order = sorted(texts, key=len)
    with torch.inference_mode():
        for at in range(0, len(order), 32):
            batch = tokenizer(order[at:at + 32], padding=True, truncation=True, max_length=256, return_tensors="pt")
            mask = batch["attention_mask"][..., None]
            hidden = network(**batch).last_hidden_state.float()
            torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)
    return len(texts) / (time.perf_counter() - start)


QUESTION = "{}\nQuestion: Is this positive or negative?\nAnswer:"


def cold_llama(model, text, threads) -> float:
    engine = llama(model, threads, 256)
    engine.eval(engine.tokenize(QUESTION.format(text).encode(), add_bos=False))
    return 0.0


def cold_transformers(model, text, threads) -> float:
    torch, transformers = torch_with(threads)
    network = transformers.AutoModelForCausalLM.from_pretrained(model, dtype=torch.bfloat16).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    with torch.inference_mode():
        network(**tokenizer(QUESTION.format(text), return_tensors="pt"), logits_to_keep=1)
    return 0.0


def steps_a_second(optimizer, loss_of, batches, warm: int) -> float:
    for number, batch in enumerate(batches):
        if number == warm:
            start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(batch)
        loss.backward()
        optimizer.step()
    return (len(batches) - warm) / (time.perf_counter() - start)


def train_minilm(dtype, file, model, batch, steps, warm, threads) -> float:
    """The file's order; each batch is padded to its longest row, as in Transformers' collator."""
    torch, transformers = torch_with(threads)
    network = transformers.AutoModelForSequenceClassification.from_pretrained(model, num_labels=2, dtype=torch.float32).train()
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    rows = [json.loads(line) for line in open(file)][:batch * steps]
    batches = []
    for at in range(0, len(rows), batch):
        part = rows[at:at + batch]
        ids = tokenizer([r["text"] for r in part], padding=True, truncation=True, max_length=512, return_tensors="pt")
        batches.append(dict(ids, labels=torch.tensor([int(r["label"] == "positive") for r in part])))
    optimizer = torch.optim.AdamW(network.parameters(), lr=5e-5, weight_decay=0.01, fused=True)

    def loss_of(inputs):
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bf16"):
            return network(**inputs).loss

    return batch * steps_a_second(optimizer, loss_of, batches, warm)


def train_smollm2(mode, model, rows, length, steps, warm, threads) -> float:
    """Random ids: their values do not affect the work."""
    torch, transformers = torch_with(threads)
    dtype = torch.bfloat16 if mode == "bf16" else torch.float32
    network = transformers.AutoModelForCausalLM.from_pretrained(model, dtype=dtype).train()
    batches = [torch.randint(5, 49000, (rows, length)) for _ in range(steps)]
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-5, fused=True)

    def loss_of(ids):
        with torch.autocast("cpu", torch.bfloat16, enabled=mode == "autocast"):
            return network(input_ids=ids, labels=ids).loss

    return rows * length * steps_a_second(optimizer, loss_of, batches, warm)


def rows_of(file: str) -> list[list[int]]:
    return [[int(word) for word in line.split()] for line in open(file)]


def beams(dtype, model, file, beams, new, answers, threads) -> float:
    """All rows in one padded batch. Writes the best text of every row to `answers`, as rows of ids."""
    torch, transformers = torch_with(threads)
    network = transformers.AutoModelForSeq2SeqLM.from_pretrained(
        model, dtype={"f32": torch.float32, "bf16": torch.bfloat16}[dtype]).eval()
    rows, padding = rows_of(file), network.config.pad_token_id
    width = max(map(len, rows))
    ids = torch.tensor([row + [padding] * (width - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])

    def generate(count: int):
        return network.generate(ids, attention_mask=mask, num_beams=beams, min_new_tokens=count, max_new_tokens=count)

    with torch.inference_mode():
        generate(2)  # warms the pages of the weights
        start = time.perf_counter()
        texts = generate(new)[:, 1:].tolist()
        seconds = time.perf_counter() - start
    Path(answers).write_text("".join(" ".join(map(str, text)) + "\n" for text in texts))
    return len(rows) * new / seconds


def beams_ctranslate2(model, file, beams, new, threads) -> float:
    import ctranslate2

    words = json.loads((Path(model) / "shared_vocabulary.json").read_text())
    rows = [[words[i] for i in row] for row in rows_of(file)]
    translator = ctranslate2.Translator(model, device="cpu", compute_type="int8", inter_threads=1, intra_threads=threads)

    def translate(count: int):
        return translator.translate_batch(rows, beam_size=beams, min_decoding_length=count, max_decoding_length=count)

    translate(2)
    start = time.perf_counter()
    texts = translate(new)
    seconds = time.perf_counter() - start
    if any(len(text.hypotheses[0]) != new for text in texts):
        raise RuntimeError(f"a text of CTranslate2 has not {new} tokens")
    return len(rows) * new / seconds


TASKS = {"classify": classify, "prefill": prefill, "decode": decode, "batch": batch, "beams": beams,
         "beams-ctranslate2": beams_ctranslate2, "embed": embed, "cold-llama": cold_llama,
         "cold-transformers": cold_transformers, "train-minilm": train_minilm, "train-smollm2": train_smollm2}

if __name__ == "__main__":
    print(json.dumps({"rate": TASKS[sys.argv[1]](**json.loads(sys.argv[2]))}))
