"""Runs the groups of checks and prints the table; script/parity calls it."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import torch
import transformers

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "fixtures"))

import check_adapters  # noqa: E402
import check_convert  # noqa: E402
import check_forward  # noqa: E402
import check_generate  # noqa: E402
import check_gguf  # noqa: E402
import check_heads  # noqa: E402
import check_score  # noqa: E402
import check_serve  # noqa: E402
import check_tasks  # noqa: E402
import check_tokenize  # noqa: E402
import check_train  # noqa: E402
from report import Context, Report  # noqa: E402

GROUPS = {"tokenize": check_tokenize.run, "forward": check_forward.run, "generate": check_generate.run,
          "heads": check_heads.run, "tasks": check_tasks.run, "score": check_score.run, "train": check_train.run,
          "adapters": check_adapters.run, "convert": check_convert.run, "gguf": check_gguf.run,
          "serve": check_serve.run}
FAMILIES = ("bloom", "gpt2", "llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "smollm3", "phi3",
            "gpt_neox", "olmo2", "granite", "stablelm", "opt", "bert", "roberta", "xlm-roberta", "camembert", "distilbert",
            "electra", "mpnet", "albert", "deberta-v2", "modernbert", "t5", "mt5", "umt5", "bart", "mbart", "marian", "pegasus")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--group", action="append", choices=list(GROUPS))
    parser.add_argument("--family", action="append", choices=FAMILIES)
    parser.add_argument("--seeds", type=int, default=2, help="fresh checkpoints of every case")
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(max(1, len(os.sched_getaffinity(0))))
    report = Report()
    with tempfile.TemporaryDirectory(prefix="linnet-parity-") as scratch:
        work = options.keep or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        context = Context(program=options.program, work=work, families=tuple(options.family or FAMILIES),
                          seeds=options.seeds, whole=not options.family)
        for name in options.group or GROUPS:
            report.group = name
            GROUPS[name](context, report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
