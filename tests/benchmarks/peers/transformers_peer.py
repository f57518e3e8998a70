"""Hugging Face transformers' own InternVL on the device of a specification: numbers to compare, generate to time.

  transformers_peer.py SPEC.json DTYPE   says what it is, then answers each line of JSON with one:
    {"op": "check", "continuation": [ids], "greedy_tokens": n}
        → {"logprobs": of the continuation after the first prompt and its image, "greedy": n ids}
    {"op": "generate"}
        → {"seconds", "tokens", "peak_mb"} of the specification's rollouts, sampled at temperature 1

DTYPE is float32 or bfloat16. Where transformers, or this model in it, is missing, the first line says so and it ends.
"""

import json
import os
import sys
import time

import torch

from model import read_safetensors

answers = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)  # whatever a library prints


def answer(**fields):
    peak = torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0
    answers.write(json.dumps(dict(fields, peak_mb=round(peak / 2**20))) + "\n")


class Generator:
    def __init__(self, path, dtype):
        with open(path, encoding="utf-8") as file:
            self.spec = json.load(file)
        folder = os.path.dirname(os.path.abspath(path))
        self.device = torch.device(self.spec.get("device", "cpu"))
        import transformers

        torch.backends.cudnn.allow_tf32 = False  # float32 means float32 where numbers are compared
        name = "dtype" if int(transformers.__version__.split(".")[0]) >= 5 else "torch_dtype"
        self.model = transformers.InternVLForConditionalGeneration.from_pretrained(
            os.path.join(folder, self.spec["model"]), attn_implementation="sdpa", **{name: dtype}
        )
        self.model.to(self.device).eval()
        self.model.generation_config.eos_token_id = None  # no row ends early: the work is fixed
        self.model.generation_config.pad_token_id = 0
        self.tensors = read_safetensors(os.path.join(folder, self.spec["tensors"]))
        self.dtype = dtype

    def inputs(self, prompts, pixels, repeat):
        assert len({len(prompt) for prompt in prompts}) == 1, "the prompts are of one length"
        ids = torch.tensor(prompts, device=self.device).repeat_interleave(repeat, 0)
        return {
            "input_ids": ids,
            "attention_mask": torch.ones_like(ids),
            "pixel_values": pixels.to(self.device, self.dtype).repeat_interleave(repeat, 0),
        }

    def rollout_inputs(self, count, repeat):
        r = self.spec["rollouts"]
        return self.inputs(r["prompts"][:count], self.tensors[r["pixel_values"]][:count], repeat)

    @torch.no_grad()
    def check(self, continuation, greedy_tokens):
        one = self.rollout_inputs(1, 1)
        new = torch.tensor([continuation], device=self.device)
        ids = torch.cat((one["input_ids"], new), 1)
        logits = self.model(
            input_ids=ids, attention_mask=torch.ones_like(ids), pixel_values=one["pixel_values"]
        ).logits[0, -len(continuation) - 1 : -1]
        logprobs = logits.double().log_softmax(-1).gather(1, new[0][:, None])[:, 0]
        greedy = self.model.generate(**one, do_sample=False, max_new_tokens=greedy_tokens)
        return {"logprobs": logprobs.tolist(), "greedy": greedy[0, -greedy_tokens:].tolist()}

    @torch.no_grad()
    def generate(self):
        r = self.spec["rollouts"]
        inputs = self.rollout_inputs(len(r["prompts"]), r["group_size"])
        new = r["new_tokens"]
        self.wait()
        begin = time.perf_counter()
        out = self.model.generate(**inputs, do_sample=True, temperature=1.0, top_k=0, max_new_tokens=new)
        self.wait()
        seconds = time.perf_counter() - begin
        return {"seconds": seconds, "tokens": out[:, -new:].numel()}

    def wait(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()


def main(path, dtype):
    try:
        import transformers
    except ImportError:
        answer(missing="transformers is not installed")
        return
    try:
        from transformers import InternVLForConditionalGeneration  # noqa: F401
    except ImportError:
        answer(missing=f"transformers {transformers.__version__} has no InternVL")
        return
    generator = Generator(path, getattr(torch, dtype))
    answer(transformers=transformers.__version__, torch=torch.__version__)
    for line in sys.stdin:
        request = json.loads(line)
        op = request.pop("op")
        if op not in ("check", "generate"):
            raise SystemExit(f"transformers_peer: unknown operation {op!r} (check, generate)")
        answer(**getattr(generator, op)(**request))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    main(*sys.argv[1:])
