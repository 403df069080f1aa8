#!/usr/bin/env python3
"""Writes the seeds of every fuzz target: fuzz/seeds.py FOLDER creates FOLDER/<target>/<name>.

They are small valid files of each format, the test checkpoints of tests/fixtures and, if available, the hostile files of
../shared/data/bad-inputs.
"""

import base64
import io
import json
import pathlib
import pickle
import struct
import sys
import types
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BAD_INPUTS = {
    "safetensors": ["safetensors"],
    "gguf": ["gguf"],
    "torch_pickle": ["zip-pickle"],
    "tokenizer_json": ["tokenizer-json"],
    "sentencepiece": ["sentencepiece"],
    "json": ["config-json", "safetensors-index", "http-bodies"],
    "chat_template": ["chat-template"],
}
FIXTURES = {
    "safetensors": "**/adapter_model.safetensors",
    "torch_pickle": "**/pytorch_model.bin",
    "tokenizer_json": "*/*/tokenizer.json",
    "json": "**/*config.json",
}
MOST_BYTES = 100_000  # of one seed: larger ones only slow the fuzzer down


def safetensors_files():
    def file(tensors, metadata=None):
        header, data = {}, b""
        if metadata:
            header["__metadata__"] = metadata
        for name, (dtype, shape, values) in tensors.items():
            header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(values)]}
            data += values
        text = json.dumps(header).encode()
        return struct.pack("<Q", len(text)) + text + data

    yield "empty", file({})
    yield "one", file({"a": ("F32", [2, 2], bytes(16))}, {"format": "pt"})
    yield "types", file({t: (t, [1], bytes(n)) for t, n in
                         [("F64", 8), ("I64", 8), ("F32", 4), ("I32", 4), ("F16", 2), ("BF16", 2), ("I16", 2), ("U8", 1),
                          ("I8", 1), ("BOOL", 1)]})
    yield "scalar", file({"s": ("F16", [], bytes(2)), "e": ("F32", [0, 3], b"")})


GGUF_FORMATS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<B", 10: "<Q", 11: "<q", 12: "<d"}
U32, F32, BOOL, STRING, ARRAY = 4, 6, 7, 8, 9


def gguf_text(text):
    text = text.encode()
    return struct.pack("<Q", len(text)) + text


def gguf_value(kind, value):
    if kind == STRING:
        return gguf_text(value)
    if kind == ARRAY:
        element, items = value
        return struct.pack("<IQ", element, len(items)) + b"".join(gguf_value(element, item) for item in items)
    return struct.pack(GGUF_FORMATS[kind], value)


def gguf_file(entries, tensors):
    out = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(entries))
    for key, (kind, value) in entries.items():
        out += gguf_text(key) + struct.pack("<I", kind) + gguf_value(kind, value)
    data = b""
    for name, (dims, kind, values) in tensors.items():
        out += gguf_text(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, len(data))
        data += values + bytes(-len(values) % 32)
    return out + bytes(-len(out) % 32) + data


def gguf_files():
    yield "empty", gguf_file({}, {})
    yield "values", gguf_file({f"k{t}": (t, 1) for t in GGUF_FORMATS} | {"s": (STRING, "text")}
                              | {"a": (ARRAY, (U32, [1, 2, 3])), "b": (ARRAY, (STRING, ["x", "y"]))}, {})
    yield "types", gguf_file({}, {f"t{t}": ([elements], t, bytes(n)) for t, elements, n in
                                  [(0, 2, 8), (1, 2, 4), (30, 2, 4), (8, 32, 34), (2, 32, 18), (3, 32, 20), (6, 32, 22),
                                   (7, 32, 24), (12, 256, 144), (13, 256, 176), (14, 256, 210)]})
    width, heads, inner, vocabulary = 4, 2, 8, 8
    pieces = ["<unk>", "<s>", "</s>", "<0x0A>", "\u2581", "a", "\u2581a", "b"]
    model = {
        "general.architecture": (STRING, "llama"),
        "llama.block_count": (U32, 1), "llama.context_length": (U32, 16), "llama.embedding_length": (U32, width),
        "llama.feed_forward_length": (U32, inner), "llama.attention.head_count": (U32, heads),
        "llama.attention.head_count_kv": (U32, heads), "llama.attention.layer_norm_rms_epsilon": (F32, 1e-5),
        "llama.rope.freq_base": (F32, 10000.0), "llama.vocab_size": (U32, vocabulary),
        "tokenizer.ggml.model": (STRING, "llama"), "tokenizer.ggml.tokens": (ARRAY, (STRING, pieces)),
        "tokenizer.ggml.scores": (ARRAY, (F32, [0.0, 0, 0, 0, -1, -2, -3, -4])),
        "tokenizer.ggml.token_type": (ARRAY, (5, [2, 3, 3, 6, 1, 1, 1, 1])),
        "tokenizer.ggml.bos_token_id": (U32, 1), "tokenizer.ggml.eos_token_id": (U32, 2),
        "tokenizer.ggml.add_bos_token": (BOOL, 1),
        "tokenizer.chat_template": (STRING, "{% for m in messages %}{{ m.content }}{% endfor %}"),
    }
    def f32(*dims):
        count = 1
        for size in dims:
            count *= size
        return list(dims), 0, bytes(4 * count)
    weights = {"token_embd.weight": f32(width, vocabulary), "output_norm.weight": f32(width)}
    for name, value in {"attn_norm": f32(width), "attn_q": f32(width, width), "attn_k": f32(width, width),
                        "attn_v": f32(width, width), "attn_output": f32(width, width), "ffn_norm": f32(width),
                        "ffn_gate": f32(width, inner), "ffn_up": f32(width, inner),
                        "ffn_down": f32(inner, width)}.items():
        weights[f"blk.0.{name}.weight"] = value
    yield "llama", gguf_file(model, weights)
    bytes_of_gpt2 = {"tokenizer.ggml.model": (STRING, "gpt2"), "tokenizer.ggml.pre": (STRING, "smollm"),
                     "tokenizer.ggml.tokens": (ARRAY, (STRING, ["a", "b", "ab", "\u0120", "<|end|>"])),
                     "tokenizer.ggml.token_type": (ARRAY, (5, [1, 1, 1, 1, 3])),
                     "tokenizer.ggml.merges": (ARRAY, (STRING, ["a b"]))}
    yield "gpt2-vocabulary", gguf_file(model | bytes_of_gpt2, {})
    yield "bert-vocabulary", gguf_file(
        {"general.architecture": (STRING, "bert"), "tokenizer.ggml.model": (STRING, "bert"),
         "tokenizer.ggml.tokens": (ARRAY, (STRING, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "\u2581a", "b"]))}, {})
    yield "t5-vocabulary", gguf_file(
        model | {"tokenizer.ggml.model": (STRING, "t5"),
                 "tokenizer.ggml.precompiled_charsmap": (ARRAY, (0, [4, 0, 0, 0, 0, 0, 0, 0]))}, {})


def torch_names():
    """Substitutes with PyTorch's names, so that pickle writes its globals."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for module, names in [(torch, ["FloatStorage", "HalfStorage"]), (utils, ["_rebuild_tensor_v2"])]:
        sys.modules[module.__name__] = module
        for name in names:
            function = lambda *arguments: None  # noqa: E731
            function.__module__, function.__qualname__, function.__name__ = module.__name__, name, name
            setattr(module, name, function)
    return torch, utils


def torch_files():
    from collections import OrderedDict
    torch, utils = torch_names()

    class Storage:
        def __init__(self, key, elements):
            self.key, self.elements = key, elements

    class Tensor:
        def __init__(self, storage, shape):
            self.storage, self.shape = storage, shape

        def __reduce__(self):
            strides, step = [], 1
            for size in reversed(self.shape):
                strides.insert(0, step)
                step *= size
            return utils._rebuild_tensor_v2, (self.storage, 0, tuple(self.shape), tuple(strides), False, OrderedDict())

    class Pickler(pickle.Pickler):
        old = False

        def persistent_id(self, value):
            if not isinstance(value, Storage):
                return None
            saved = ("storage", torch.FloatStorage, value.key, "cpu", value.elements)
            return saved + (None,) if self.old else saved

    def pickled(value, old=False):
        out = io.BytesIO()
        pickler = Pickler(out, protocol=2)
        pickler.old = old
        pickler.dump(value)
        return out.getvalue()

    state = OrderedDict(a=Tensor(Storage("0", 4), [2, 2]), b=Tensor(Storage("1", 3), [3]))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zip_file:
        zip_file.writestr("archive/data.pkl", pickled(state))
        zip_file.writestr("archive/byteorder", "little")
        zip_file.writestr("archive/data/0", bytes(16))
        zip_file.writestr("archive/data/1", bytes(12))
        zip_file.writestr("archive/version", "3\n")
    yield "archive", archive.getvalue()
    yield "pickle", pickled({"state_dict": state, "step": 3, "names": ["x", 1.5, None, True, (1, 2, 3, 4)]})
    magic = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)
    machine = pickle.dumps({"protocol_version": 1001, "little_endian": True}, protocol=2)
    yield "stream", (magic + pickle.dumps(1001, protocol=2) + machine + pickled(state, old=True)
                     + pickle.dumps(["0", "1"], protocol=2)
                     + struct.pack("<Q", 4) + bytes(16) + struct.pack("<Q", 3) + bytes(12))


def tokenizer_jsons():
    def file(model, **parts):
        empty = dict.fromkeys(["truncation", "padding", "normalizer", "pre_tokenizer", "post_processor", "decoder"])
        return json.dumps({"version": "1.0", "added_tokens": []} | empty | parts | {"model": model}).encode()

    special = [{"id": 0, "content": "<s>", "single_word": False, "lstrip": True, "rstrip": True, "normalized": False,
                "special": True}]
    words = {"type": "WordLevel", "vocab": {"[UNK]": 0, "hello": 1, "world": 2}, "unk_token": "[UNK]"}
    bpe = {"type": "BPE", "vocab": {"<s>": 0, "h": 1, "e": 2, "he": 3, "<0x0A>": 4, "\u0120": 5},
           "merges": [["h", "e"]], "byte_fallback": True, "unk_token": "<s>", "fuse_unk": True, "ignore_merges": True}
    yield "words", file(words, pre_tokenizer={"type": "Whitespace"})
    yield "bpe", file(bpe, added_tokens=special, pre_tokenizer={"type": "ByteLevel", "add_prefix_space": True},
                      decoder={"type": "ByteLevel"}, post_processor={"type": "ByteLevel", "trim_offsets": True})
    yield "wordpiece", file(
        {"type": "WordPiece", "vocab": {"[UNK]": 0, "hel": 1, "##lo": 2, "[CLS]": 3, "[SEP]": 4}, "unk_token": "[UNK]",
         "continuing_subword_prefix": "##", "max_input_chars_per_word": 100},
        normalizer={"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
                    "lowercase": True},
        pre_tokenizer={"type": "BertPreTokenizer"}, decoder={"type": "WordPiece", "prefix": "##", "cleanup": True},
        post_processor={"type": "BertProcessing", "sep": ["[SEP]", 4], "cls": ["[CLS]", 3]},
        truncation={"direction": "Right", "max_length": 8, "strategy": "LongestFirst", "stride": 2},
        padding={"strategy": {"Fixed": 16}, "direction": "Left", "pad_id": 0, "pad_type_id": 0, "pad_token": "[UNK]",
                 "pad_to_multiple_of": 8})
    unigram = {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["\u2581", -1], ["h", -2.5]],
               "byte_fallback": False}
    yield "unigram", file(
        unigram,
        normalizer={"type": "Sequence", "normalizers": [
            {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(struct.pack("<I", 4) + bytes(4)).decode()},
            {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}, {"type": "NFKC"},
            {"type": "Prepend", "prepend": "\u2581"}, {"type": "Strip", "strip_left": True, "strip_right": True},
            {"type": "StripAccents"}, {"type": "Lowercase"}]},
        pre_tokenizer={"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": True},
        decoder={"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "ByteFallback"},
            {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
        post_processor={"type": "TemplateProcessing",
                        "single": [{"SpecialToken": {"id": "<unk>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                        "special_tokens": {"<unk>": {"id": "<unk>", "ids": [0], "tokens": ["<unk>"]}}})
    yield "splits", file(bpe | {"byte_fallback": False}, pre_tokenizer={"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": r"\p{L}+|\p{N}{1,3}|\s+(?!\S)|[^\s\p{L}]+"}, "behavior": "Isolated",
         "invert": False}, {"type": "Digits", "individual_digits": True},
        {"type": "Punctuation", "behavior": "MergedWithPrevious"}, {"type": "UnicodeScripts"},
        {"type": "CharDelimiterSplit", "delimiter": "-"}, {"type": "FixedLength", "length": 3}]},
        decoder={"type": "CTC", "pad_token": "<s>", "word_delimiter_token": "|", "cleanup": True})


def protobuf(number, wire, value):
    def varint(n):
        out = b""
        while n > 127:
            out, n = out + bytes([n & 127 | 128]), n >> 7
        return out + bytes([n])
    key = varint(number << 3 | wire)
    return key + (varint(value) if wire == 0 else varint(len(value)) + value if wire == 2 else value)


def sentencepiece_models():
    def piece(text, score, kind):
        return protobuf(1, 2, protobuf(1, 2, text.encode()) + protobuf(2, 5, struct.pack("<f", score))
                        + protobuf(3, 0, kind))

    pieces = b"".join(piece(*row) for row in [("<unk>", 0, 2), ("<s>", 0, 3), ("</s>", 0, 3), ("<0x0A>", 0, 6),
                                              ("\u2581", -1, 1), ("he", -2, 1), ("h", -3, 1), ("e", -3.5, 1),
                                              ("<mask>", 0, 4), ("old", 0, 5)])
    for name, kind in [("unigram", 1), ("bpe", 2)]:
        trainer = protobuf(3, 0, kind) + protobuf(35, 0, 1) + protobuf(40, 0, 0) + protobuf(41, 0, 1) + protobuf(42, 0, 2)
        normalizer = protobuf(1, 2, b"nmt_nfkc") + protobuf(3, 0, 1) + protobuf(4, 0, 1) + protobuf(5, 0, 1)
        yield name, pieces + protobuf(2, 2, trainer) + protobuf(3, 2, normalizer)
    charsmap = struct.pack("<I", 8) + struct.pack("<II", 1 << 10, 0) + b"a\0b\0"
    yield "charsmap", pieces + protobuf(2, 2, protobuf(3, 0, 1)) + protobuf(3, 2, protobuf(2, 2, charsmap))


def json_texts():
    yield "values", b'{"a":[1,-2,3.5e-7,true,false,null,"\\u00e9\\ud83d\\ude00\\n"],"b":{"":{}},"c":18446744073709551615}'
    yield "deep", b"[" * 200 + b"]" * 200
    yield "spaces", b' \t\r\n [ 1 , "\xc3\xa9" ] '


def chat_templates():
    texts = {
        "loop": "{%- for m in messages %}{{ '<|' + m['role'] + '|>' }}{{ m.content | trim }}{{ eos_token }}"
                "{% if loop.last and add_generation_prompt %}<|assistant|>{% endif %}{%- endfor -%}",
        "namespace": "{% set ns = namespace(n=0, x=[]) %}{% for m in messages if m.role != 'system' %}"
                     "{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}{{ loop is defined }}",
        "macro": "{% macro show(x, sep=', ') %}{{ x | tojson(indent=2) }}{{ sep }}{% endmacro %}"
                 "{% for t in tools or [] %}{{ show(t) }}{% endfor %}{% call show(1) %}{% endcall %}",
        "filters": "{{ messages | map(attribute='role') | list | join('-') | upper }}{{ 'a,b'.split(',')[::-1] }}"
                   "{{ messages | selectattr('role', 'equalto', 'user') | list | length }}{{ range(3) | sum }}"
                   "{{ {'b': 1, 'a': 2} | dictsort | tojson }}{{ 'x' * 3 ~ 1.5 | round | int }}{{ 'ab' | replace('a', 'c') }}",
        "blocks": "{# note #}{% raw %}{{ x }}{% endraw %}{% filter indent(2) %}a\nb{% endfilter %}"
                  "{% if messages[0].content is string and not messages[-1].content is mapping %}1{% elif 2 in [1, 2] %}2"
                  "{% else %}{{ raise_exception('no') }}{% endif %}{{ strftime_now('%Y-%m-%d') }}",
        "operators": "{{ 7 // 2 ** 3 % 5 - -1 }}{{ 1 < 2 <= 2 and not false or none }}{{ 'a' if true else 'b' }}"
                     "{% set a, b = [1, 2] %}{% set c %}text{{ a }}{% endset %}{{ c[1:-1:2] }}{{ '%s %d' | format('x', 3) }}"
                     "{% for k, v in {'x': 1}.items() recursive %}{{ k }}{{ v }}{% break %}{% endfor %}",
    }
    for name, text in texts.items():
        yield name, text.encode()


def adapters():
    """The adapters of tests/fixtures: configuration, a zero byte, tensors."""
    for folder in sorted((ROOT / "tests/fixtures/adapters").iterdir()):
        files = [folder / "adapter_config.json", folder / "adapter_model.safetensors"]
        if all(file.exists() for file in files) and files[1].stat().st_size <= 40_000:
            yield folder.name, b"\0".join(file.read_bytes() for file in files)


def run_states():
    """Inputs that are not from a run; fuzz/resume.cpp adds the files of one."""
    yield "empty", b"{}\0{}\0" + struct.pack("<Q", 2) + b"{}"


MADE = {"adapter": adapters, "resume": run_states, "safetensors": safetensors_files, "gguf": gguf_files, "torch_pickle": torch_files,
        "tokenizer_json": tokenizer_jsons, "sentencepiece": sentencepiece_models, "json": json_texts,
        "chat_template": chat_templates}


def main():
    out = pathlib.Path(sys.argv[1])
    for target, made in MADE.items():
        folder = out / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in made():
            (folder / name).write_bytes(data)
        files = [file for kind in BAD_INPUTS.get(target, []) for file in (ROOT / "../shared/data/bad-inputs" / kind).glob("*")]
        files += (ROOT / "tests/fixtures").glob(FIXTURES[target]) if target in FIXTURES else []
        for number, file in enumerate(sorted(files)):
            if file.stat().st_size <= MOST_BYTES:
                (folder / f"{number:03}-{file.name}").write_bytes(file.read_bytes())


if __name__ == "__main__":
    main()
