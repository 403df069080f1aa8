"""Ids, offsets and decoded text: folders against the tokenizers library, vocabularies in GGUF against llama.cpp."""

from __future__ import annotations

import json
import random
import shutil
import sys
import unicodedata
from pathlib import Path

import trained as fixtures
import transformers
import transformers.convert_slow_tokenizer
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from references import llama_vocabulary
from report import DATA, MINILM, SMOLLM2, Context, Failed, Report

CHUNK = 2000  # characters per piece of a long text
BLOOM_SPLIT = r" ?[^(\s|[.,!?…。，、।۔،])]+"
LLAMA3_SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
                r"\s*[\r\n]+|\s+(?!\S)|\s+")


def naughty() -> list[str]:
    found = []
    for file in sorted((DATA / "naughty-strings").glob("*.json")):
        found += [s for s in json.loads(file.read_text()) if isinstance(s, str)]
    for file in sorted((DATA / "naughty-strings").glob("*.txt")):
        found += [line for line in file.read_text(errors="ignore").splitlines() if not line.startswith("#")]
    for file in sorted(DATA.glob("goldens-*/*.jsonl")):
        found += [json.loads(line)["text"] for line in file.open() if line.strip()]
    return list(dict.fromkeys(found))


def scripts(count: int = 400, source: random.Random | None = None) -> list[str]:
    """Seeded strings over all scripts, marks, spaces and emoji. Characters are of Unicode 14, as in Linnet's tables: `tokenizers`
    knows letters of Unicode 16."""
    source = source or random.Random(20230331)
    blocks = [(0x20, 0x7f), (0xa0, 0x24f), (0x300, 0x36f), (0x370, 0x52f), (0x590, 0x6ff), (0x900, 0xdff), (0xe00, 0xfff),
              (0x10a0, 0x11ff), (0x1e00, 0x206f), (0x20a0, 0x214f), (0x2190, 0x27bf), (0x3000, 0x30ff), (0x4e00, 0x9fff),
              (0xac00, 0xd7a3), (0xf900, 0xfaff), (0xfe00, 0xffef), (0x1d400, 0x1d7ff), (0x1f1e6, 0x1faff),
              (0x20000, 0x2a6df)]
    made = []
    for _ in range(count):
        text = ""
        for _ in range(source.randrange(1, 12)):
            low, high = source.choice(blocks)
            drawn = [chr(source.randint(low, high)) for _ in range(source.randrange(1, 7))]
            text += "".join(c for c in drawn if unicodedata.category(c) != "Cn")
            text += source.choice(["", "", " ", "  ", "\n", "\t", "\u00a0", "\u3000", "\u200d"])
        made.append(text)
    return made


def words() -> list[str]:
    """The words and pieces of published vocabularies: English, German, French, Romanian, and letters of every script."""
    lists = [(DATA / "tokenizers" / "torchtext-tokenizers" / "bert_base_cased_vocab.txt").read_text().splitlines(),
             [piece for piece, _ in json.loads((DATA / "tokenizers" / "t5-small" / "tokenizer.json").read_text())["model"]["vocab"]]]
    return sorted({word.replace("\u2581", "").removeprefix("##") for names in lists for word in names} - {""})


def multilingual(limit: int = 2_000_000) -> list[str]:
    """Seeded texts of about 2 MB: words and pieces, with and without spaces between, and random letters of all scripts."""
    source = random.Random(20260101)
    known = words()
    spoken = [word for word in known if any(ord(c) > 127 for c in word)]
    made, size = [], 0
    while size < limit:
        text = ""
        for _ in range(source.randrange(20, 200)):
            text += source.choice(spoken if source.random() < 0.5 else known)
            text += source.choice(["", " ", " ", " ", " ", "  ", "\n", ", ", ". ", "\u3000", "\u00a0"])
        made += [text, *scripts(8, source)]
        size += sum(len(t.encode()) for t in made[-9:])
    return made


def long_texts(limit: int = 2_000_000) -> list[str]:
    """Up to 2 MB of code and of text in several languages, in pieces."""
    pieces: list[str] = []
    files = sorted((DATA / "opennmt-ende").glob("*.txt")) + sorted((DATA / "opennmt-ende").glob("*.??"))
    files += sorted((DATA / "utf8-sample").glob("*.txt")) + sorted((DATA / "tinyshakespeare").glob("*.txt"))
    for file in sorted((DATA / "code-snippets").glob("*.jsonl")):
        pieces += [json.loads(line)["text"] for line in file.open()]
    for file in files:
        if file.name != "SOURCE.txt":
            text = file.read_text(errors="ignore")[:500_000]
            pieces += [text[at:at + CHUNK] for at in range(0, len(text), CHUNK)]
    random.Random(7).shuffle(pieces)
    size, kept = 0, []
    for piece in pieces:
        size += len(piece.encode())
        if size > limit:
            break
        kept.append(piece)
    return kept


def byte_offsets(text: str, offsets) -> list[list[int]]:
    where = [0]
    for character in text:
        where.append(where[-1] + len(character.encode()))
    return [[where[b], where[e]] for b, e in offsets]


def write_jsonl(path: Path, rows) -> Path:
    with path.open("w") as out:
        for row in rows:
            out.write(json.dumps(row) + "\n")
    return path


def decoded_by_linnet(context: Context, model: Path, ids: list[list[int]], skip: bool) -> list[str]:
    file = write_jsonl(context.work / "ids.jsonl", ({"ids": row} for row in ids))
    more = ["--skip-special"] if skip else []
    return [row["text"] for row in context.json_lines("tokenize", "-m", model, "--decode", "--input", file, *more)]


def compare_folder(context: Context, report: Report, what: str, model: Path, library: Tokenizer, texts: list[str]) -> None:
    """Compares ids, offsets in bytes, and both decodings of every text."""
    library.no_truncation()
    library.no_padding()
    texts = [t for t in texts if "\ud800" > t or t.encode("utf-8", "ignore").decode() == t]
    try:
        file = write_jsonl(context.work / "texts.jsonl", ({"text": t} for t in texts))
        found = context.json_lines("tokenize", "-m", model, "--input", file)
        if len(found) != len(texts):
            raise Failed(f"{len(found)} answers to {len(texts)} texts")
        encoded = library.encode_batch(texts)
        bad_ids = [i for i, (a, b) in enumerate(zip(found, encoded)) if a["ids"] != b.ids]
        bad_offsets = [i for i, (a, b) in enumerate(zip(found, encoded))
                       if a["ids"] == b.ids and a["offsets"] != byte_offsets(texts[i], b.offsets)]
        verdict(report, f"{what}: ids", texts, bad_ids, sum(len(e.ids) for e in encoded))
        verdict(report, f"{what}: offsets", texts, bad_offsets)
        ids = [e.ids for e in encoded]
        for skip in (True, False):
            ours = decoded_by_linnet(context, model, ids, skip)
            theirs = library.decode_batch(ids, skip_special_tokens=skip)
            verdict(report, f"{what}: decoded, {'no special' if skip else 'all'} tokens", texts,
                    [i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b])
    except (Failed, OSError, ValueError, KeyError) as why:
        report.failed(what, why)


def verdict(report: Report, what: str, texts: list[str], bad: list[int], ids: int | None = None) -> None:
    example = f", first {texts[bad[0]][:24]!r}" if bad else ""
    count = "" if ids is None else f", {ids} ids"
    report.add(what, f"{len(texts) - len(bad)} of {len(texts)}{count}{example}", "all", not bad)


def compare_gguf(context: Context, report: Report, what: str, path: Path, texts: list[str]) -> None:
    oracle = llama_vocabulary(path)
    try:
        file = write_jsonl(context.work / "texts.jsonl", ({"text": t} for t in texts))
        found = context.json_lines("tokenize", "-m", path, "--no-special", "--input", file)
        wanted = [oracle.tokenize(t.encode(), add_bos=False, special=False) for t in texts]
        # llama.cpp does not parse special tokens here; texts with one are not compared.
        verdict(report, f"{what}: ids as llama.cpp", texts,
                [i for i, (a, b) in enumerate(zip(found, wanted)) if a["ids"] != b], sum(map(len, wanted)))
    except (Failed, OSError, ValueError, KeyError) as why:
        report.failed(what, why)


def trained(kind: str, corpus: list[str]) -> Tokenizer:
    """Trains a small tokenizer of one kind, with the parts of tokenizer.json that real files combine."""
    if kind in ("bloom", "llama3", "gpt2"):
        made = Tokenizer(models.BPE())
        if kind == "gpt2":
            made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        else:
            split = BLOOM_SPLIT if kind == "bloom" else LLAMA3_SPLIT
            made.pre_tokenizer = pre_tokenizers.Sequence([
                pre_tokenizers.Split(Regex(split), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
        made.decoder = decoders.ByteLevel()
        made.post_processor = processors.ByteLevel(trim_offsets=kind == "gpt2")
        trainer = trainers.BpeTrainer(vocab_size=2000, special_tokens=["<unk>", "<s>", "</s>", "<pad>"],
                                      initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    elif kind == "wordpiece":
        made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        made.normalizer = normalizers.BertNormalizer(lowercase=True)
        made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        made.decoder = decoders.WordPiece()
        trainer = trainers.WordPieceTrainer(vocab_size=2000, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
                                            show_progress=False)
    else:
        made = Tokenizer(models.Unigram())
        made.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
        made.pre_tokenizer = pre_tokenizers.Metaspace()
        made.decoder = decoders.Metaspace()
        trainer = trainers.UnigramTrainer(vocab_size=2000, special_tokens=["<unk>", "</s>"], unk_token="<unk>",
                                          show_progress=False)
    made.train_from_iterator(corpus, trainer)
    return made


def folder_of(context: Context, name: str, **files: Path) -> Path:
    folder = context.work / f"tokenizer-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for target, source in files.items():
        shutil.copy(source, folder / target.replace("__", "."))
    return folder


def fallbacks(context: Context, report: Report, texts: list[str]) -> None:
    """Folders without tokenizer.json: vocab.txt, vocab.json with merges.txt."""
    source = DATA / "tokenizers" / "torchtext-tokenizers"
    bert = folder_of(context, "vocab-txt", vocab__txt=source / "bert_base_uncased_vocab.txt")
    (bert / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer", "do_lower_case": true}')
    cased = folder_of(context, "vocab-txt-cased", vocab__txt=source / "bert_base_cased_vocab.txt")
    (cased / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer", "do_lower_case": false}')
    gpt2 = folder_of(context, "merges", vocab__json=source / "gpt2_bpe_encoder.json", merges__txt=source / "gpt2_bpe_vocab.bpe")
    (gpt2 / "tokenizer_config.json").write_text('{"tokenizer_class": "GPT2Tokenizer"}')
    for what, folder in (("vocab.txt (BERT)", bert), ("vocab.txt (BERT, cased)", cased), ("vocab.json and merges.txt (GPT-2)", gpt2)):
        library = transformers.AutoTokenizer.from_pretrained(folder).backend_tokenizer
        compare_folder(context, report, what, folder, library, texts)


def sentencepiece(context: Context, report: Report, texts: list[str]) -> None:
    import sentencepiece as spm

    source = DATA / "tokenizers" / "torchtext-tokenizers"
    for path in (source / "spm_example.model", source / "t5_tokenizer_base.model", DATA / "stories260K-hf" / "tokenizer.model"):
        file = f"{path.parent.name}/{path.name}"
        folder = folder_of(context, path.stem, tokenizer__model=path)
        library = spm.SentencePieceProcessor(model_file=str(path))
        try:
            rows = write_jsonl(context.work / "texts.jsonl", ({"text": t} for t in texts))
            found = context.json_lines("tokenize", "-m", folder, "--no-special", "--input", rows)
            wanted = [library.encode(t) for t in texts]
            verdict(report, f"{file}: ids as SentencePiece", texts,
                    [i for i, (a, b) in enumerate(zip(found, wanted)) if a["ids"] != b], sum(map(len, wanted)))
        except (Failed, OSError, ValueError, KeyError) as why:
            report.failed(file, why)


def piece_classes(context: Context, report: Report, texts: list[str]) -> None:
    """Folders with only SentencePiece files, against Transformers' own classes: the fixtures' pieces, these texts."""
    transformers.convert_slow_tokenizer.SentencePieceExtractor = fixtures.Pieces
    for name in [*fixtures.CLASSES, fixtures.MARIAN]:
        folder = fixtures.OUT / name
        kind = transformers.MarianTokenizer if name == fixtures.MARIAN else fixtures.CLASSES[name][0]
        try:
            library = kind.from_pretrained(folder)
            rows = write_jsonl(context.work / "texts.jsonl", ({"text": t} for t in texts))
            found = [row["ids"] for row in context.json_lines("tokenize", "-m", folder, "--input", rows)]
            wanted = [library(t)["input_ids"] for t in texts]
            verdict(report, f"{name}: ids as {kind.__name__}", texts, [i for i, (a, b) in enumerate(zip(found, wanted)) if a != b],
                    sum(map(len, wanted)))
            for skip in (True, False):
                ours = decoded_by_linnet(context, folder, wanted, skip)
                theirs = [library.decode(ids, skip_special_tokens=skip) for ids in wanted]
                verdict(report, f"{name}: decoded, {'no special' if skip else 'all'} tokens", texts,
                        [i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b])
        except (Failed, OSError, ValueError, KeyError) as why:
            report.failed(name, why)


def small_folders() -> list[Path]:
    """Folders with different tokenizer.json files: those of the field cases, and those trained for the fixtures."""
    found = {}
    for file in [*sorted((DATA / "field-cases").rglob("tokenizer.json")), *sorted(fixtures.OUT.rglob("tokenizer.json"))]:
        found.setdefault(file.read_bytes(), file.parent)
    return list(found.values())


def run(context: Context, report: Report) -> None:
    if not DATA.is_dir():
        report.skipped("strings", "no ../shared/data")
        return
    few = naughty() + scripts()
    texts = few + long_texts() + multilingual()
    corpus = long_texts(400_000)
    if "bert" in context.families:
        bert = folder_of(context, "bert", tokenizer__json=DATA / "tokenizer-json-bert" / "bert-base-uncased.json")
        compare_folder(context, report, "bert-base-uncased", bert, Tokenizer.from_file(str(bert / "tokenizer.json")), texts)
        compare_folder(context, report, "MiniLM", MINILM, Tokenizer.from_file(str(MINILM / "tokenizer.json")), texts)
    for name, path in (("t5-small", DATA / "tokenizers" / "t5-small"), ("stories260K", DATA / "stories260K-hf")):
        if context.whole:
            compare_folder(context, report, name, path, Tokenizer.from_file(str(path / "tokenizer.json")), texts)
    for path in small_folders() if context.whole else []:
        name = path.name if path.parent == fixtures.OUT else path.parent.name
        compare_folder(context, report, name, path, Tokenizer.from_file(str(path / "tokenizer.json")), few)
    kinds = {"bloom": "bloom", "gpt2": "gpt2", "llama3": "llama", "wordpiece": "bert", "unigram": "llama"}
    for kind, family in kinds.items():
        if family in context.families:
            folder = folder_of(context, kind)
            trained(kind, corpus).save(str(folder / "tokenizer.json"))
            # Reads it back, since the library's parser changes some scores by an ulp, which decides between equal sums.
            library = Tokenizer.from_file(str(folder / "tokenizer.json"))
            compare_folder(context, report, f"{kind}, trained here", folder, library, texts)
    if context.whole:
        fallbacks(context, report, texts)
        sentencepiece(context, report, texts)
        piece_classes(context, report, few)
        compare_gguf(context, report, "SmolLM2 GGUF", SMOLLM2, texts)
        for path in sorted((DATA / "llama-cpp-vocab").glob("*.gguf")):
            compare_gguf(context, report, path.stem, path, texts)


if __name__ == "__main__":
    sys.exit("run script/parity")
