"""Accuracy of fine-tuning on the test rows of ../shared/data: `script/bench accuracy [TRIAL…]`; bench.py calls it.

`script/bench accuracy --choose TRIAL…` compares the trial's candidates on held-out training rows, without the test rows."""

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
    candidates: tuple[str, ...] = ()  # candidates for `options`, which is the best on held-out rows


SST2 = "--valid-fraction 0 --dtype bf16"
SNIPPETS = "--max-length 256 --valid-fraction 0"
HELD_OUT = ("--valid-fraction", "0.2")  # another fifth per seed
CHOOSE_SEEDS = (0, 1, 2)
HEADS = tuple(f"--method head --pooling {pooling} --epochs 20 {SNIPPETS}" for pooling in ("last", "mean", "max"))
LORAS = tuple(f"--method lora {targets}--learning-rate {rate} --batch-size 8 --epochs 1 {SNIPPETS}"
              for targets, rate in (("", "1e-3"), ("--target-modules all-linear ", "2e-4"), ("--target-modules all-linear ", "1e-3")))
TRIALS = [
    Trial("sst2-full", MINILM, "sst2", "--method full --epochs 2 --batch-size 32 --learning-rate 5e-5 --weight-decay 0.01 " + SST2,
          (0, 1, 2), ">= 88.0"),
    Trial("sst2-lora", MINILM, "sst2", "--method lora --learning-rate 1e-3 --epochs 2 " + SST2, (0,), ""),
    Trial("sst2-head", MINILM, "sst2", "--method head --epochs 20 " + SST2, (0,), ""),
    Trial("snippets-head", SMOLLM2, "code-snippets", HEADS[1], (0, 1, 42), ">= 97", HEADS),
    Trial("snippets-lora", SMOLLM2, "code-snippets", LORAS[2], (0, 1, 42), ">= 97", LORAS),
]


def sst2_rows(split: str) -> list[dict]:
    """The lines of stsa.binary.*: a digit, a space, the sentence."""
    lines = (DATA / "sent-conv" / f"stsa.binary.{split}").read_text().splitlines()
    return [{"text": line[2:], "label": ("negative", "positive")[int(line[0])]} for line in lines]


def folder(machine, name: str) -> Path:
    """Writes `train.jsonl` and `test.jsonl` for linnet train."""
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


def held_out(machine, trial: Trial, options: str) -> tuple[float, float, str]:
    """Mean accuracy over seeds on held-out training rows; minus the loss; a row of the table."""
    rows, out = machine.work / "training-rows", machine.work / "trained"
    rows.mkdir(exist_ok=True)
    shutil.copy(folder(machine, trial.data) / "train.jsonl", rows)
    accuracies, losses = [], []
    for seed in CHOOSE_SEEDS:
        shutil.rmtree(out, ignore_errors=True)
        lines, _, _ = machine.linnet("train", "-m", trial.model, "--data", rows, "-o", out, *options.split(), *HELD_OUT,
                                     "--seed", seed)
        last = [json.loads(line) for line in lines if '"eval_accuracy"' in line and '"summary"' not in line][-1]
        accuracies.append(100 * last["eval_accuracy"])
        losses.append(last["eval_loss"])
    each = ", ".join(f"{value:.2f}" for value in accuracies)
    accuracy, loss = statistics.mean(accuracies), statistics.mean(losses)
    return accuracy, -loss, f"| `{options}` | {each} | {accuracy:.2f} | {loss:.4f} |"


def choose(machine, names: list[str]) -> None:
    """Selects the highest mean accuracy; among equals the lowest loss."""
    for trial in TRIALS:
        if trial.candidates and (not names or trial.name in names):
            print(f"{trial.name}: {' '.join(HELD_OUT)}, seeds {', '.join(map(str, CHOOSE_SEEDS))}\n\n"
                  "| options of `linnet train` | accuracy on held-out rows, % | mean | loss |\n|---|---|---|---|", flush=True)
            found = []
            for options in trial.candidates:
                found.append((*held_out(machine, trial, options.replace(" --valid-fraction 0", "")), options))
                print(found[-1][2], flush=True)
            best = max(found)[3]
            print(f"\nchosen: `{best}`" + ("" if best == trial.options else "; the trial runs another"), flush=True)


def table(machine, names: list[str]) -> None:
    print("| trial | options of `linnet train` | seeds | test accuracy, % | mean | target | time |\n|---|---|---|---|---|---|---|",
          flush=True)
    for trial in TRIALS:
        if not names or trial.name in names:
            print(run(machine, trial), flush=True)
