"""Runs linnet and its peers in turn and prints a Markdown table of medians and ratios; script/bench calls it."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "parity"), str(HERE.parent / "fixtures")]

import accuracy  # noqa: E402
import check_score  # noqa: E402
from accuracy import sst2_rows  # noqa: E402
from references import smollm2_folder  # noqa: E402
from report import DATA, MINILM, SMOLLM2  # noqa: E402

PROMPT_TOKENS = 512
DECODED_TOKENS = 128
WARM_STEPS = 3  # training steps that do not count


@dataclass
class Sample:
    value: float  # texts, tokens or sentences per second; seconds for `cold`
    memory: int  # peak resident bytes of the process


@dataclass
class Runner:
    name: str
    run: Callable[[], Sample]


@dataclass
class Bench:
    what: str
    unit: str
    ours: Runner
    peers: list[Runner]
    target: str
    smaller_is_better: bool = False


class Machine:
    """Starts processes and measures them; has the data of all benches."""

    def __init__(self, program: str, threads: int, work: Path) -> None:
        self.program, self.threads, self.work = program, threads, work

    def process(self, arguments: list, each_line: Callable[[str], None] | None = None) -> tuple[list[str], float, int]:
        """Lines of stdout, seconds of wall time, peak memory."""
        environment = dict(os.environ, OMP_NUM_THREADS=str(self.threads))
        errors, cost = self.work / "stderr.txt", self.work / "cost.json"
        command = [sys.executable, "-S", "-E", HERE / "measured.py", cost, *arguments]
        with errors.open("w") as sink:
            child = subprocess.Popen([str(a) for a in command], stdout=subprocess.PIPE, stderr=sink, text=True, env=environment)
            lines = []
            for line in child.stdout:
                lines.append(line)
                if each_line:
                    each_line(line)
            child.wait()
        measured = json.loads(cost.read_text())
        if measured["status"] != 0:
            last = (errors.read_text().strip().splitlines() or ["no message"])[-1]
            raise RuntimeError(f"{Path(str(arguments[0])).name} {arguments[1]}: exit {measured['status']}: {last}")
        return lines, measured["seconds"], measured["peak_bytes"]

    def linnet(self, *arguments, each_line=None) -> tuple[list[str], float, int]:
        return self.process([self.program, *arguments, "-t", self.threads, "--json"], each_line)

    def with_program(self, program: str, run: Callable[[], Sample]) -> Sample:
        """Measures `run` with another linnet program."""
        usual, self.program = self.program, program
        try:
            return run()
        finally:
            self.program = usual

    def peer(self, task: str, **options) -> Sample:
        """Runs a task of peers.py in its own process; loading does not count, except for `cold`."""
        arguments = [sys.executable, "-W", "ignore", HERE / "peers.py", task, json.dumps(options | {"threads": self.threads})]
        lines, seconds, memory = self.process(arguments)
        answer = json.loads(lines[-1])
        return Sample(seconds if task.startswith("cold") else answer["rate"], memory)

    def openvino(self, task: str, weights: str, prompt: int, new: int) -> Sample:
        """Runs a task of openvino_peer.py in its own environment."""
        python, folder = subprocess.run([HERE / "openvino-environment", smollm2_folder(), weights], check=True,
                                        stdout=subprocess.PIPE, text=True).stdout.split()
        options = {"model": folder, "precision": "bf16" if weights == "fp16" else "f32", "threads": self.threads,
                   "prompt": prompt, "new": new}
        lines, _, memory = self.process([python, "-W", "ignore", HERE / "openvino_peer.py", task, json.dumps(options)])
        return Sample(json.loads(lines[-1])["rate"], memory)


def classify(machine: Machine, dtypes: list[str]) -> list[Bench]:
    made = []
    rows, template, words = check_score.TASKS["SST-2, review"]
    texts = rows()
    file = machine.work / "classify.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in texts))
    for dtype in dtypes:
        def ours(dtype=dtype):
            _, seconds, memory = machine.linnet(*check_score.arguments(template, words, file, dtype))
            return Sample(len(texts) / seconds, memory)

        def theirs(dtype=dtype):
            return machine.peer("classify", dtype=dtype, file=str(file), template=template, words=list(words.values()))

        made.append(Bench(f"classify {len(texts)} SST-2 texts, {dtype}", "texts/s", Runner("linnet", ours),
                          [Runner(f"Transformers {dtype}", theirs)], {"f32": ">= 3", "bf16": ">= 2"}[dtype]))
    return made


def story_ids(count: int) -> list[int]:
    """Ids of running text, the same for all programs."""
    from references import llama_ids

    text = "Once upon a time, in a small village by the sea, there lived an old man who repaired clocks. " * 60
    return llama_ids(SMOLLM2, text)[:count]


def run_benches(machine: Machine, task: str, prompt: int, new: int, targets: dict[str, str]) -> list[Bench]:
    """Of the GGUF and of the bf16 weights."""
    ids = story_ids(prompt)

    def ours(*model):
        lines, _, memory = machine.linnet("run", "-m", *model, "--ids", ",".join(map(str, ids)), "-n", new,
                                          "--min-new-tokens", new)
        return Sample(json.loads(lines[-1])["timing"][f"{task}_tokens_per_s"], memory)

    def theirs():
        return machine.peer(task, ids=ids, new=new, model=str(SMOLLM2))

    def openvino(weights: str) -> Runner:
        return Runner(f"OpenVINO GenAI {'bf16' if weights == 'fp16' else weights}",
                      lambda: machine.openvino(task, weights, prompt, new))

    what = f"{task} of {prompt if task == 'prefill' else new} tokens, SmolLM2"
    return [Bench(f"{what} GGUF", "tokens/s", Runner("linnet", lambda: ours(SMOLLM2)),
                  [Runner("llama-cpp-python", theirs), openvino("int4")], targets["gguf"]),
            Bench(f"{what} bf16", "tokens/s", Runner("linnet", lambda: ours(smollm2_folder(), "--dtype", "bf16")),
                  [openvino("fp16")], targets["bf16"])]


def prefill(machine: Machine, dtypes: list[str]) -> list[Bench]:
    return run_benches(machine, "prefill", PROMPT_TOKENS, 1, {"gguf": ">= 5, 1.3", "bf16": ">= 1.3"})


def decode(machine: Machine, dtypes: list[str]) -> list[Bench]:
    return run_benches(machine, "decode", 32, DECODED_TOKENS, {"gguf": ">= 1.3, 1.5", "bf16": ">= 2"})


NAMES = "a boy,a girl,an old man,a queen,a fox,a clock,a ship,a baker,a king,a cat,a tree,a river,a star,a dog,a wolf,a bird"
STORIES = [f"Once upon a time there lived {name} who" for name in NAMES.split(",")]
NEW_TOKENS = 64


def many_requests(machine: Machine, prompts: list[str], adapters: list[Path]) -> Sample:
    """Tokens a second of texts at once through the engine (examples/many_requests.cpp)."""
    program = Path(machine.program).parent / "examples" / "many_requests"
    done = subprocess.run([program, SMOLLM2, str(NEW_TOKENS), *adapters], input="\n".join(prompts), capture_output=True,
                          text=True, check=True, env={**os.environ, "OMP_NUM_THREADS": str(machine.threads)})
    return Sample(float(done.stderr.split()[-3]), 0)


def batch(machine: Machine, dtypes: list[str]) -> list[Bench]:
    from references import llama_ids

    def theirs():
        return machine.peer("batch", prompts=[llama_ids(SMOLLM2, line) for line in STORIES], new=NEW_TOKENS,
                            model=str(SMOLLM2))

    return [Bench(f"{len(STORIES)} texts of {NEW_TOKENS} new tokens at once, SmolLM2 GGUF", "tokens/s",
                  Runner("linnet", lambda: many_requests(machine, STORIES, [])),
                  [Runner("linnet, one text", lambda: many_requests(machine, STORIES[:1], [])),
                   Runner("llama-cpp-python, 16 sequences", theirs)],
                  ">= 4; >= 2")]


def adapters(machine: Machine, dtypes: list[str]) -> list[Bench]:
    """Eight LoRAs and two soft prompts, each of one step of training, over one base in one batch."""
    rows = machine.work / "stories.txt"
    rows.write_text("\n".join(STORIES) + "\n")
    made = []
    for i in range(10):
        method = ["--method", "lora", "--lora-r", "8"] if i < 8 else ["--method", "prompt", "--virtual-tokens", "20"]
        folder = machine.work / f"adapter-{i}"
        machine.linnet("train", "-m", SMOLLM2, "--task", "causal-lm", "--data", rows, *method, "--max-steps", "1",
                       "--batch-size", "2", "--seed", str(i), "--valid-fraction", "0", "-o", folder)
        made.append(folder)
    return [Bench(f"{len(STORIES)} texts of {NEW_TOKENS} new tokens at once, 8 LoRAs and 2 soft prompts, SmolLM2 GGUF",
                  "tokens/s", Runner("linnet", lambda: many_requests(machine, STORIES, made)),
                  [Runner("one LoRA", lambda: many_requests(machine, STORIES, made[:1])),
                   Runner("no adapter", lambda: many_requests(machine, STORIES, []))], ">= 0.6")]


BEAMS = 4


def beam_search(machine: Machine, model: Path, dtype: str, rows: Path, answers: Path) -> Sample:
    """Tokens a second of the best texts (bench/beam_bench.cpp), with the waits that linnet sets for its own threads."""
    program = Path(machine.program).parent / "beam_bench"
    lines, _, memory = machine.process(["env", "GOMP_SPINCOUNT=1000", program, model, dtype, BEAMS, NEW_TOKENS, rows,
                                        machine.threads])
    answers.write_text("".join(lines[:-1]))
    return Sample(float(lines[-1]), memory)


def beams(machine: Machine, dtypes: list[str]) -> list[Bench]:
    """Shapes of real checkpoints with random weights. In f32 the texts have to be those of Transformers."""
    import beam_models

    folder = machine.work / "beams"
    machine.process([sys.executable, "-W", "ignore", HERE / "beam_models.py", folder])
    ours_file, theirs_file = folder / "linnet.txt", folder / "transformers.txt"
    made = []
    for name in beam_models.NAMES:
        model, rows = folder / name, folder / f"{name}.txt"
        asked = {"file": str(rows), "beams": BEAMS, "new": NEW_TOKENS}

        def ours(dtype, model=model, rows=rows):
            return beam_search(machine, model, dtype, rows, ours_file)

        def theirs(dtype, model=model, asked=asked):
            return machine.peer("beams", dtype=dtype, model=str(model), answers=str(theirs_file), **asked)

        def compared(model=model, theirs=theirs):
            sample = theirs("f32")
            if ours_file.read_text() != theirs_file.read_text():
                raise RuntimeError(f"the texts of {model.name} in f32 are not those of Transformers")
            return sample

        peers = {"f32": Runner("Transformers f32", compared),
                 "bf16": Runner("Transformers bf16", lambda theirs=theirs: theirs("bf16")),
                 "int8": Runner("CTranslate2 int8", lambda model=model, asked=asked: machine.peer(
                     "beams-ctranslate2", model=f"{model}-int8", **asked))}
        sides = {"f32": (["f32"], ""), "bf16": (["bf16"], ">= 2"), "q8": (["bf16", "int8"], ">= 2; >= 1.3")}
        for dtype in [*dtypes, "q8"]:
            names, target = sides[dtype]
            made.append(Bench(f"{BEAMS} beams of {NEW_TOKENS} new tokens for {beam_models.ROWS} texts at once, "
                              f"{name}'s shape, {dtype}", "tokens/s",
                              Runner("linnet", lambda ours=ours, dtype=dtype: ours(dtype)),
                              [peers[peer] for peer in names], target))
    return made


def embed(machine: Machine, dtypes: list[str]) -> list[Bench]:
    rows = sst2_rows("test")
    file = machine.work / "embed.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = []
    for dtype in dtypes:
        def ours(dtype=dtype):
            _, seconds, memory = machine.linnet("embed", "-m", MINILM, "--dtype", dtype, "--input", file)
            return Sample(len(rows) / seconds, memory)

        def theirs(dtype=dtype):
            return machine.peer("embed", dtype=dtype, file=str(file), model=str(MINILM))

        made.append(Bench(f"embed {len(rows)} sentences, MiniLM, {dtype}", "sentences/s", Runner("linnet", ours),
                          [Runner(f"Transformers {dtype}", theirs)], ""))
    return made


def cold(machine: Machine, dtypes: list[str]) -> list[Bench]:
    text = "I love the sunny weather today."

    def ours():
        _, seconds, memory = machine.linnet("classify", "-m", SMOLLM2, "--labels", "positive,negative", text)
        return Sample(seconds, memory)

    peers = [Runner("llama-cpp-python", lambda: machine.peer("cold-llama", model=str(SMOLLM2), text=text)),
             Runner("Transformers bf16", lambda: machine.peer("cold-transformers", model=str(smollm2_folder()), text=text))]
    return [Bench("classify one text, cold process", "s", Runner("linnet", ours), peers, "< 0.5 s", True)]


def training_rate(machine: Machine, steps: int, per_step: float, *arguments) -> Sample:
    """Units per second between the lines of the first and the last counted step."""
    times = []

    def stamp(line: str) -> None:
        if '"loss"' in line and '"step"' in line:
            times.append(time.perf_counter())

    out = machine.work / "trained"
    shutil.rmtree(out, ignore_errors=True)
    _, _, memory = machine.linnet("train", *arguments, "-o", out, "--max-steps", steps, "--no-shuffle", "--valid-fraction", 0,
                                  "--seed", 1, each_line=stamp)
    if len(times) != steps:
        raise RuntimeError(f"linnet train wrote {len(times)} of {steps} steps")
    return Sample(per_step * (steps - WARM_STEPS) / (times[-1] - times[WARM_STEPS - 1]), memory)


def train(machine: Machine, dtypes: list[str]) -> list[Bench]:
    made = []
    batch, steps = 32, 43
    data = machine.work / "sst2.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in sst2_rows("train")))
    for dtype in dtypes:
        def ours(dtype=dtype):
            return training_rate(machine, steps, batch, "-m", MINILM, "--data", data, "--task", "classify", "--method", "full",
                                 "--batch-size", batch, "--learning-rate", 5e-5, "--weight-decay", 0.01, "--dtype", dtype)

        def theirs(dtype=dtype):
            return machine.peer("train-minilm", dtype=dtype, file=str(data), model=str(MINILM), batch=batch, steps=steps,
                                warm=WARM_STEPS)

        peer = {"f32": "PyTorch f32", "bf16": "PyTorch bf16 autocast"}[dtype]
        made.append(Bench(f"fine-tune MiniLM on SST-2, batch {batch}, {dtype}", "sentences/s", Runner("linnet", ours),
                          [Runner(peer, theirs)], {"f32": ">= 3.3", "bf16": ">= 2.2"}[dtype]))
    text = machine.work / "corpus.jsonl"
    play = (DATA / "tinyshakespeare").glob("*.txt")
    words = " ".join(f.read_text() for f in play if f.name != "SOURCE.txt").replace("\n", " ").split(" ")
    text.write_text("".join(json.dumps({"text": " ".join(words[at:at + 400])}) + "\n" for at in range(0, 40_000, 400)))
    rows, length, steps2 = 2, 256, 11
    for dtype in dtypes:
        def ours2(dtype=dtype):
            return training_rate(machine, steps2, rows * length, "-m", smollm2_folder(), "--data", text, "--task", "causal-lm",
                                 "--method", "full", "--packing", "--batch-size", rows, "--max-length", length,
                                 "--learning-rate", 1e-5, "--dtype", dtype)

        modes = {"f32": ["f32"], "bf16": ["bf16", "autocast"]}[dtype]
        peers = [Runner(f"PyTorch {'bf16 autocast' if m == 'autocast' else 'pure bf16' if m == 'bf16' else m}",
                        lambda m=m: machine.peer("train-smollm2", mode=m, model=str(smollm2_folder()), rows=rows,
                                                 length=length, steps=steps2, warm=WARM_STEPS)) for m in modes]
        made.append(Bench(f"train SmolLM2, {rows} x {length} tokens, {dtype}", "tokens/s", Runner("linnet", ours2), peers,
                          {"f32": ">= 2", "bf16": ">= 1.3"}[dtype]))
    return made


BENCHES = {"classify": classify, "prefill": prefill, "decode": decode, "batch": batch, "adapters": adapters, "beams": beams,
           "embed": embed, "cold": cold, "train": train}
NEED_DATA = {"classify", "embed", "train"}


def measure(bench: Bench, rounds: int) -> list[str]:
    """Runs all programs in turn, `rounds` times; the ratio is the median of the rounds' ratios."""
    samples: dict[str, list[Sample]] = {}
    for _ in range(rounds):
        for runner in [bench.ours, *bench.peers]:
            print(f"  {bench.what}: {runner.name}", file=sys.stderr, flush=True)
            samples.setdefault(runner.name, []).append(runner.run())
    ours = samples[bench.ours.name]

    def middle(values) -> float:
        return statistics.median(values)

    def cell(found: list[Sample]) -> str:
        return f"{middle(s.value for s in found):.4g} ({middle(s.memory for s in found) / 2**20:.0f} MiB)"

    rows = []
    for peer in bench.peers:
        theirs = samples[peer.name]
        pairs = [b.value / a.value if bench.smaller_is_better else a.value / b.value for a, b in zip(ours, theirs)]
        rows.append(f"| {bench.what} | {bench.unit} | {cell(ours)} | {peer.name}: {cell(theirs)} | {middle(pairs):.2f} | "
                    f"{bench.target} |")
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=min(2, len(os.sched_getaffinity(0))))
    parser.add_argument("--dtype", action="append", choices=["f32", "bf16"])
    parser.add_argument("--against", metavar="PROGRAM", help="another linnet, in place of the peers")
    parser.add_argument("--choose", action="store_true", help="accuracy: compare a trial's candidates on held-out rows")
    parser.add_argument("names", nargs="*", metavar="bench", help=", ".join(BENCHES) + "; or accuracy and trials of it")
    options = parser.parse_intermixed_args()
    if options.names[:1] == ["accuracy"]:
        with tempfile.TemporaryDirectory(prefix="linnet-bench-") as work:
            run = accuracy.choose if options.choose else accuracy.table
            run(Machine(options.program, options.threads, Path(work)), options.names[1:])
        return 0
    unknown = set(options.names) - set(BENCHES)
    if unknown:
        parser.error(f"unknown bench {sorted(unknown)[0]}; there are {', '.join(BENCHES)}")
    print(f"{platform.machine()}, {options.threads} threads, median of {options.rounds} rounds, programs in turn; "
          "in brackets the peak memory of the process\n")
    print("| what | unit | linnet | peer | ratio | target |\n|---|---|---|---|---|---|", flush=True)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="linnet-bench-") as work:
        machine = Machine(options.program, options.threads, Path(work))
        for name in options.names or BENCHES:
            if name in NEED_DATA and not DATA.is_dir():
                print(f"{name}: skipped, no ../shared/data", file=sys.stderr)
                continue
            for bench in BENCHES[name](machine, options.dtype or ["f32", "bf16"]):
                if options.against:
                    ours = bench.ours.run
                    bench.peers = [Runner("other linnet", lambda ours=ours: machine.with_program(options.against, ours))]
                    bench.target = ""
                try:
                    print("\n".join(measure(bench, options.rounds)), flush=True)
                except (RuntimeError, KeyError, IndexError, ValueError) as why:
                    failed += 1
                    print(f"| {bench.what} | | failed: {why} | | | |", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
