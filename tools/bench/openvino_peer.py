"""Generates with OpenVINO GenAI: openvino_peer.py TASK '{"option": …}' prints {"rate": tokens per second}.

Each prompt has other ids: the pipeline keeps the state of the last one, and would not compute what both share."""

import json
import sys

import numpy
import openvino
import openvino_genai


def rates(model: str, precision: str, threads: int, prompt: int, new: int) -> tuple[float, float]:
    """Tokens a second of the prompt and of the text, after a first generation that does not count."""
    pipeline = openvino_genai.LLMPipeline(
        model, "CPU", INFERENCE_NUM_THREADS=threads, INFERENCE_PRECISION_HINT=precision)
    config = openvino_genai.GenerationConfig()
    config.max_new_tokens = config.min_new_tokens = new
    config.ignore_eos, config.do_sample = True, False
    random = numpy.random.default_rng(0)

    def generate():
        ids = random.integers(100, 49000, (1, prompt))
        inputs = openvino_genai.TokenizedInputs(openvino.Tensor(ids), openvino.Tensor(numpy.ones_like(ids)))
        return pipeline.generate(inputs, config).perf_metrics

    generate()
    measured = generate()
    return 1000 * prompt / measured.get_ttft().mean, 1000 / measured.get_tpot().mean if new > 1 else 0.0


if __name__ == "__main__":
    prompt_rate, text_rate = rates(**json.loads(sys.argv[2]))
    print(json.dumps({"rate": prompt_rate if sys.argv[1] == "prefill" else text_rate}))
