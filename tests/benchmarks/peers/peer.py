"""The PyTorch peer of `make bench`: the same model, weights, batch and threads, run the way Hugging Face does.

  peer.py serve SPEC.json            reads one operation a line (check, rollouts, sft, grpo, quit), does it once,
                                     answers with one JSON line: the caller interleaves it with its own runs
  peer.py measure SPEC.json [N]      one warm-up and N timed runs (5) of everything, one JSON line
  peer.py check-golden FOLDER        compares with transformers' and TRL's numbers

SPEC names the model folder, the thread count, a safetensors file and, for each operation, its batch;
see README.md beside this file. Threads and BLAS come from the caller's environment as well
(OMP_NUM_THREADS, LD_LIBRARY_PATH). Runs under torch 1.13 (Debian 12) and later.
"""

import contextlib
import json
import os
import resource
import statistics
import sys
import time

import torch

import golden
import work
from model import InternVL, read_safetensors

# The answers go to the real stdout; whatever a library prints goes to stderr.
answers = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)


def answer(**fields):
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        fields["peak_mb"] = round(torch.cuda.max_memory_allocated() / 2**20)
    else:
        fields["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    answers.write(json.dumps(fields) + "\n")


class Bench:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.spec = json.load(file)
        folder = os.path.dirname(os.path.abspath(path))
        torch.set_num_threads(self.spec["threads"])
        torch.manual_seed(self.spec.get("seed", 0))
        self.tensors = read_safetensors(os.path.join(folder, self.spec["tensors"]))
        self.model = InternVL.load(os.path.join(folder, self.spec["model"])).float()
        self.optimizers = {}
        self.device = torch.device(self.spec.get("device", "cpu"))
        if self.device.type != "cpu":
            torch.cuda.set_device(self.device)
            torch.set_default_device(self.device)
            self.model.to(self.device)
            self.model.language_model.model.inverse = self.model.language_model.model.inverse.to(self.device)
            self.tensors = {name: tensor.to(self.device) for name, tensor in self.tensors.items()}

    def precision(self):
        """Autocast over float32 weights where the specification asks for it."""
        name = self.spec.get("autocast")
        return torch.autocast(self.device.type, getattr(torch, name)) if name else contextlib.nullcontext()

    def clock(self):
        """Seconds, once the device has done what it was given."""
        if self.device.type != "cpu":
            torch.cuda.synchronize()
        return time.perf_counter()

    def rows_of(self, part):
        """A part's prompts and pixels (as many tiles for each), repeated once per completion of its group."""
        group = part["group_size"]
        prompts = [p for p in part["prompts"] for _ in range(group)]
        pixels = self.tensors[part["pixel_values"]].unflatten(0, (len(part["prompts"]), -1))
        return prompts, pixels.repeat_interleave(group, dim=0).flatten(0, 1)

    def optimizer(self, name):
        c = self.spec[name]
        if name not in self.optimizers:
            self.optimizers[name] = work.optimizer_for(self.model, c)
        self.model.vision_tower.requires_grad_(c.get("train_vision", True))
        return self.optimizers[name]

    def given(self, part, name):
        return self.tensors[part[name]]

    @torch.no_grad()
    def check(self):
        """Numbers of the weights as they are now, to compare with the other side before anything is timed."""
        out = {}
        if "sft" in self.spec:
            s = self.spec["sft"]
            pixels = self.given(s, "pixel_values")
            out["sft_loss"] = float(work.sft_loss(self.model, s["input_ids"], s["labels"], pixels))
        if "grpo" in self.spec:
            g = self.spec["grpo"]
            prompts, pixels = self.rows_of(g)
            logps, mask, _ = work.completion_logprobs(self.model, prompts, g["completions"], pixels, g["temperature"])
            out["logprob_sum"] = float((logps * mask).sum())
            old, reference, advantages = (self.given(g, n) for n in ("old_logps", "ref_logps", "advantages"))
            out["grpo_loss"] = float(work.grpo_loss(logps, old, reference, advantages, mask, g))
        return out

    def rollouts(self):
        r = self.spec["rollouts"]
        prompts, pixels = self.rows_of(r)
        begin = self.clock()
        with self.precision():
            tokens = work.generate(self.model, prompts, pixels, r["new_tokens"], r["banned"])
        seconds = self.clock() - begin
        return {"seconds": seconds, "tokens": tokens.numel(), "tokens_per_second": tokens.numel() / seconds}

    def sft(self):
        s = self.spec["sft"]
        optimizer, trained = self.optimizer("sft")
        pixels = self.given(s, "pixel_values")
        begin = self.clock()
        with self.precision():
            loss = work.sft_loss(self.model, s["input_ids"], s["labels"], pixels)
        loss.backward()
        work.apply(optimizer, trained, s)
        return {"seconds": self.clock() - begin, "loss": float(loss)}

    def grpo(self):
        """Every optimizer step over one rollout batch: iterations × mini_batches."""
        g = self.spec["grpo"]
        optimizer, trained = self.optimizer("grpo")
        prompts, pixels = self.rows_of(g)
        old, reference, advantages = (self.given(g, n) for n in ("old_logps", "ref_logps", "advantages"))
        losses = []
        begin = self.clock()
        for _ in range(g["iterations"]):
            for rows in chunks(range(len(prompts)), -(-len(prompts) // g["mini_batches"])):
                losses.append(self.grpo_step(g, rows, prompts, pixels, old, reference, advantages))
                work.apply(optimizer, trained, g)
        seconds = self.clock() - begin
        return {"seconds": seconds, "optimizer_steps": len(losses), "loss": losses[0]}

    def grpo_step(self, g, rows, prompts, pixels, old, reference, advantages):
        """Accumulates the gradient of one mini-batch; returns its loss."""
        tiles = len(pixels) // len(prompts)
        tokens = sum(len(g["completions"][i]) for i in rows)
        total = 0.0
        for part in chunks(rows, g.get("micro_batch_rows") or len(rows)):
            some = slice(part[0], part[-1] + 1)
            completions = g["completions"][some]
            width = max(map(len, completions))
            with self.precision():
                logps, mask, _ = work.completion_logprobs(
                    self.model,
                    prompts[some],
                    completions,
                    pixels[some.start * tiles : some.stop * tiles],
                    g["temperature"],
                    entropy=True,
                )
            loss = work.grpo_loss(
                logps, old[some, :width], reference[some, :width], advantages[some], mask, g, tokens, len(rows)
            )
            loss.backward()
            total += float(loss)
        return total


def chunks(items, size):
    return [items[i : i + size] for i in range(0, len(items), size)]


def serve(bench):
    answer(op="ready", torch=torch.__version__, threads=torch.get_num_threads(), attention=attention())
    for line in sys.stdin:
        op = line.strip()
        if op == "quit":
            return
        if op not in ("check", "rollouts", "sft", "grpo"):
            raise SystemExit(f"peer: unknown operation {op!r} (check, rollouts, sft, grpo, quit)")
        answer(op=op, **getattr(bench, op)())


def measure(bench, repeats):
    out = {"torch": torch.__version__, "threads": torch.get_num_threads(), "attention": attention()}
    out["check"] = bench.check()
    for op in ("rollouts", "sft", "grpo"):
        if op not in bench.spec:
            continue
        first = getattr(bench, op)()
        timings = [getattr(bench, op)()["seconds"] for _ in range(repeats)]
        out[op] = dict(first, seconds=statistics.median(timings), timings=timings)
        if op == "rollouts":
            out[op]["tokens_per_second"] = first["tokens"] / out[op]["seconds"]
    answer(**out)


def attention():
    return "sdpa" if hasattr(torch.nn.functional, "scaled_dot_product_attention") else "eager"


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "check-golden":
        cases, failures = golden.check(arguments[1])
        answers.write(f"{cases - failures} passed, {failures} failed\n")
        return 1 if failures or not cases else 0
    if len(arguments) == 2 and arguments[0] == "serve":
        serve(Bench(arguments[1]))
        return 0
    if len(arguments) in (2, 3) and arguments[0] == "measure":
        measure(Bench(arguments[1]), int(arguments[2]) if len(arguments) == 3 else 5)
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
