"""The real models in Transformers and llama.cpp, loaded once."""

from __future__ import annotations

import copy
import functools
import shutil
from pathlib import Path

import torch
import transformers

from report import CACHE, MINILM, SMOLLM2


@functools.cache
def smollm2() -> torch.nn.Module:
    """The GGUF, dequantised to f32 by Transformers (once: the folder stays in the cache)."""
    return transformers.AutoModelForCausalLM.from_pretrained(smollm2_folder(), dtype=torch.float32).eval()


@functools.cache
def smollm2_folder() -> Path:
    """SmolLM2 as a Hugging Face folder in f32, written by Transformers from the GGUF."""
    folder = CACHE / "reference" / "SmolLM2-135M-Instruct-f32"
    if not (folder / "tokenizer.json").is_file():
        unfinished = folder.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        model = transformers.AutoModelForCausalLM.from_pretrained(
            SMOLLM2.parent, gguf_file=SMOLLM2.name, dtype=torch.float32)
        config = copy.deepcopy(model.config)
        if hasattr(config, "quantization_config"):
            del config.quantization_config  # otherwise Transformers does not save dequantised weights
        plain = type(model)(config)
        plain.load_state_dict(model.state_dict())
        plain.save_pretrained(unfinished)
        smollm2_tokenizer().save_pretrained(unfinished)
        unfinished.rename(folder)
    return folder


@functools.cache
def smollm2_tokenizer():
    """Transformers' conversion. It does not split digits: use llama_vocabulary for texts with digits."""
    return transformers.AutoTokenizer.from_pretrained(SMOLLM2.parent, gguf_file=SMOLLM2.name)


@functools.cache
def minilm():
    return (transformers.AutoModel.from_pretrained(MINILM, dtype=torch.float32).eval(),
            transformers.AutoTokenizer.from_pretrained(MINILM))


@functools.cache
def llama_vocabulary(path: Path):
    """A GGUF's vocabulary in llama.cpp."""
    import llama_cpp

    return llama_cpp.Llama(str(path), vocab_only=True, verbose=False)


def llama_ids(path: Path, text: str, special: bool = False, begin: bool = False) -> list[int]:
    return llama_vocabulary(path).tokenize(text.encode(), add_bos=begin, special=special)
