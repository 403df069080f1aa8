"""The table, the linnet program as a function, and the comparison of two arrays."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"  # test data next to the checkout; checks that need it are skipped without it
CACHE = Path(os.environ.get("LINNET_CACHE") or
             Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "linnet")
SMOLLM2 = CACHE / "models" / "SmolLM2-135M-Instruct.gguf"
MINILM = CACHE / "models" / "all-MiniLM-L6-v2"
TOLERANCE = 1e-4  # of max(1, |reference|)


class Failed(Exception):
    """linnet failed; the text is its last line of stderr."""


@dataclass
class Context:
    program: str
    work: Path
    families: tuple
    seeds: int
    whole: bool  # without --family: real models and data too

    def linnet(self, *arguments, stdin: str | None = None) -> str:
        """Runs the program and returns its stdout."""
        done = subprocess.run([self.program, *map(str, arguments)], input=stdin, capture_output=True, text=True,
                              encoding="utf-8", errors="replace", timeout=3600)
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise Failed(f"exit {done.returncode}: {last}")
        return done.stdout

    def json_lines(self, *arguments, stdin: str | None = None) -> list:
        return [json.loads(line) for line in self.linnet(*arguments, "--json", stdin=stdin).split("\n") if line]

    def forward(self, model: Path, rows: list[list[int]], types: list[list[int]] | None = None, side: str = "right",
                *more) -> dict[str, torch.Tensor]:
        """`linnet forward` on rows of ids, in f32."""
        out = self.work / "forward.safetensors"
        out.unlink(missing_ok=True)
        arguments = ["forward", "-m", model, "--dtype", "f32", "--padding-side", side, "-o", out, *more]
        for row in rows:
            arguments += ["--ids", ",".join(map(str, row))]
        for row in types or []:
            arguments += ["--type-ids", ",".join(map(str, row))]
        self.linnet(*arguments)
        return load_file(out)


def distance(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    """The largest |difference| / max(1, |reference|); infinite if shapes differ or a value is NaN."""
    if ours.shape != theirs.shape:
        return float("inf")
    if ours.numel() == 0:
        return 0.0
    gap = (ours.double() - theirs.double()).abs() / theirs.double().abs().clamp(min=1.0)
    worst = gap.max().item()
    return worst if worst == worst else float("inf")


class Report:
    def __init__(self) -> None:
        self.group = ""
        self.rows: list[tuple[str, str, str, str, bool | None]] = []

    def add(self, what: str, measured: str, limit: str, good: bool | None) -> None:
        """One row; `good` None means skipped."""
        mark = {True: "ok", False: "MISS", None: "skipped"}[good]
        self.rows.append((self.group, what, measured, limit, good))
        print(f"{self.group:<9} {what:<52} {measured:<34} {limit:<16} {mark}", flush=True)

    def error(self, what: str, gap: float, limit: float = TOLERANCE) -> None:
        self.add(what, f"{gap:.1e}", f"<= {limit:.0e}", gap <= limit)

    def failed(self, what: str, why: Exception) -> None:
        self.add(what, str(why)[:160], "", False)

    def skipped(self, what: str, why: str) -> None:
        self.add(what, why, "", None)

    def finish(self) -> int:
        missed = [row for row in self.rows if row[4] is False]
        skipped = sum(row[4] is None for row in self.rows)
        print(f"\n{len(self.rows)} checks, {len(missed)} missed, {skipped} skipped")
        return 1 if missed else 0
