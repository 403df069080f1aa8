"""Makes random checkpoints in the shapes of T5-small and BART-base: beam_models.py FOLDER

FOLDER/<name> is a Transformers folder, FOLDER/<name>-int8 what CTranslate2's converter makes of it, and
FOLDER/<name>.txt has the rows of ids to encode.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

ROWS = 16
SHORTEST, LONGEST = 20, 200
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
NAMES = ["t5-small", "bart-base"]
GAIN = 3  # of the layers: with their usual deviations a random decoder repeats the token that it reads


def configs(transformers) -> dict:
    return {
        "t5-small": transformers.T5Config(vocab_size=32128, d_model=512, d_kv=64, d_ff=2048, num_layers=6, num_heads=8,
                                          pad_token_id=1, eos_token_id=2, decoder_start_token_id=1),
        "bart-base": transformers.BartConfig(vocab_size=50265, d_model=768, encoder_layers=6, decoder_layers=6,
                                             encoder_attention_heads=12, decoder_attention_heads=12,
                                             encoder_ffn_dim=3072, decoder_ffn_dim=3072, forced_eos_token_id=None,
                                            normalize_before=False, normalize_embedding=True),
    }


def make_model(transformers, config):
    import torch

    torch.manual_seed(0)
    model = transformers.AutoModelForSeq2SeqLM.from_config(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() == 2 and (".layers." in name or ".block." in name):
                parameter *= GAIN
    return model


def make_tokenizer(transformers, vocabulary: int):
    """Words are names of ids: the converter wants a vocabulary."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = SPECIAL + [f"w{i}" for i in range(len(SPECIAL), vocabulary)]
    core = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=core, bos_token="<s>", pad_token="<pad>", eos_token="</s>",
                                                unk_token="<unk>")


def make(folder: Path) -> None:
    import transformers
    from ctranslate2.converters import TransformersConverter

    for name in NAMES:
        config = configs(transformers)[name]
        make_model(transformers, config).save_pretrained(folder / name)
        make_tokenizer(transformers, config.vocab_size).save_pretrained(folder / name)
        TransformersConverter(str(folder / name)).convert(str(folder / f"{name}-int8"), quantization="int8")
        draw = random.Random(1)
        lengths = [draw.randint(SHORTEST, LONGEST) for _ in range(ROWS)]
        rows = [[draw.randrange(len(SPECIAL), config.vocab_size) for _ in range(length)] for length in lengths]
        (folder / f"{name}.txt").write_text("".join(" ".join(map(str, row)) + "\n" for row in rows))


if __name__ == "__main__":
    make(Path(sys.argv[1]))
