"""What fine-tuning reaches on the test rows of ../shared/data: `script/bench accuracy [TRIAL…]`; bench.py calls it."""

from __future__ import annotations

import json
import shutil
import statistics
from dataclasses import dataclass
from pathlib import Path

from report import DATA, MINILM, SMOLLM2


@dataclass
class Trial:
    name: str
    model: Path
    data: str
    options: str
    seeds: tuple[int, ...]
    target: str


SST2 = "--valid-fraction 0 --dtype bf16"
SNIPPETS = "--max-length 256 --valid-fraction 0"
TRIALS = [
    Trial("sst2-full", MINILM, "sst2", "--method full --epochs 2 --batch-size 32 --learning-rate 5e-5 --weight-decay 0.01 " + SST2,
          (0, 1, 2), ">= 88.0"),
    Trial("sst2-lora", MINILM, "sst2", "--method lora --learning-rate 1e-3 --epochs 2 " + SST2, (0,), ""),
    Trial("sst2-head", MINILM, "sst2", "--method head --epochs 20 " + SST2, (0,), ""),
    Trial("snippets-head", SMOLLM2, "code-snippets", "--method head --pooling mean --epochs 20 " + SNIPPETS, (42,), ">= 97"),
    Trial("snippets-lora", SMOLLM2, "code-snippets",
          "--method lora --target-modules all-linear --learning-rate 1e-3 --batch-size 8 --epochs 1 " + SNIPPETS, (0, 1, 42), ">= 97"),
]


def sst2_rows(split: str) -> list[dict]:
    """The lines of stsa.binary.*: a digit, a blank, the sentence."""
    lines = (DATA / "sent-conv" / f"stsa.binary.{split}").read_text().splitlines()
    return [{"text": line[2:], "label": ("negative", "positive")[int(line[0])]} for line in lines]


def folder(machine, name: str) -> Path:
    """`train.jsonl` and `test.jsonl`, as linnet train reads them."""
    if name != "sst2":
        return DATA / name
    made = machine.work / name
    made.mkdir(exist_ok=True)
    for split in ("train", "test"):
        (made / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in sst2_rows(split)))
    return made


def run(machine, trial: Trial) -> str:
    found, seconds, memory = [], [], []
    out = machine.work / "trained"
    for seed in trial.seeds:
        shutil.rmtree(out, ignore_errors=True)
        lines, took, peak = machine.linnet("train", "-m", trial.model, "--data", folder(machine, trial.data), "-o", out,
                                           *trial.options.split(), "--seed", seed)
        found.append(100 * json.loads(lines[-1])["summary"]["test_accuracy"])
        seconds.append(took)
        memory.append(peak)
    each = ", ".join(f"{value:.2f}" for value in found)
    seeds = ", ".join(map(str, trial.seeds))
    return (f"| {trial.name} | `{trial.options}` | {seeds} | {each} | {statistics.mean(found):.2f} | {trial.target} | "
            f"{statistics.median(seconds):.0f} s ({max(memory) / 2**20:.0f} MiB) |")


def table(machine, names: list[str]) -> None:
    print("| trial | options of `linnet train` | seeds | test accuracy, % | mean | wanted | time |\n|---|---|---|---|---|---|---|",
          flush=True)
    for trial in TRIALS:
        if not names or trial.name in names:
            print(run(machine, trial), flush=True)
