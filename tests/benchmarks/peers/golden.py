"""Holds the peer against what transformers and TRL computed (tests/golden/internvl), so that it is an honest one."""

import json
import os

import torch

import work
from model import InternVL, read_safetensors

MEAN = torch.tensor([0.485, 0.456, 0.406])
DEVIATION = torch.tensor([0.229, 0.224, 0.225])


def pixels_of(tiles):
    """uint8 [n, H, W, 3] → normalised [n, 3, H, W]."""
    return ((tiles.float() / 255 - MEAN) / DEVIATION).permute(0, 3, 1, 2).contiguous()


def check(folder):
    """Returns (cases, failures); prints one line per kind of number."""
    cases = failures = 0
    for name in sorted(n[:-5] for n in os.listdir(folder) if n.endswith(".json") and not n.startswith("_")):
        with open(os.path.join(folder, name + ".json"), encoding="utf-8") as file:
            golden = json.load(file)
        tensors = read_safetensors(os.path.join(folder, name + ".safetensors"))
        model = InternVL.load(os.path.join(folder, name + "-hf"))
        beyond = list(range(tokenizer_size(os.path.join(folder, name + "-hf")), model.language_model.lm_head.out_features))
        for kind, error, limit in differences(model, golden, tensors, beyond):
            cases += 1
            bad = not error <= limit
            failures += bad
            print(f"{name} {kind}: off by {error:.2g} (limit {limit:g}){' FAILED' if bad else ''}")
    return cases, failures


def tokenizer_size(folder):
    """Ids that the tokenizer knows; the model's vocabulary may be padded beyond them."""
    with open(os.path.join(folder, "tokenizer.json"), encoding="utf-8") as file:
        tokenizer = json.load(file)
    return 1 + max([*tokenizer["model"]["vocab"].values(), *(t["id"] for t in tokenizer["added_tokens"])])


def differences(model, golden, tensors, beyond):
    pixels = {k[:-6]: pixels_of(v) for k, v in tensors.items() if k.endswith(".tiles")}
    with torch.no_grad():
        for case in golden["cases"]:
            yield from forward_differences(model, case, tensors, pixels, beyond)
        yield from sft_differences(model, golden["sft"], pixels)
        for case in golden["grpo"]["cases"]:
            yield grpo_difference(model, golden["grpo"], case, tensors, pixels)


def forward_differences(model, case, tensors, pixels, beyond):
    n, image = case["case"], pixels.get(str(case["case"]))
    ids = torch.tensor([case["input_ids"]])
    logits = model(ids, torch.ones_like(ids), pixels=image)[0]
    logps = logits.log_softmax(-1)[:-1].gather(-1, ids[0, 1:, None]).squeeze(-1)
    yield f"{n}.last_logits", float((logits[-4:] - tensors[f"{n}.last_logits"]).abs().max()), 1e-4
    yield f"{n}.logps", float((logps - tensors[f"{n}.logps"]).abs().max()), 1e-4
    # Beside a shorter row, so that the left padding and the cache are checked too.
    short = [i for i in case["input_ids"] if i != model.image_token][:9]
    greedy = case["greedy"]
    banned = case["suppress_token_ids"] + beyond
    got = work.generate(model, [short, case["input_ids"]], image, len(greedy), banned, greedy=True)
    yield f"{n}.greedy", float(got[1].tolist() != greedy), 0


def sft_differences(model, sft, pixels):
    rows, labels = [s["input_ids"] for s in sft["samples"]], [s["labels"] for s in sft["samples"]]
    images = torch.cat([pixels[f"sft.{i}"] for i in range(len(rows))])
    yield "sft.loss", abs(float(work.sft_loss(model, rows, labels, images)) - sft["loss"]), 1e-5


def grpo_difference(model, grpo, case, tensors, pixels):
    j = case["case"]
    given = {k: tensors[f"grpo.{j}.{k}"] for k in ("old_logps", "ref_logps", "advantages")}
    owners = [c["prompt"] for c in grpo["completions"]]
    prompts = [grpo["prompts"][o]["input_ids"] for o in owners]
    images = torch.cat([pixels[f"grpo.{o}"] for o in owners])
    completions = [c["ids"] for c in grpo["completions"]]
    logps, mask, _ = work.completion_logprobs(model, prompts, completions, images, case["temperature"])
    loss = work.grpo_loss(logps, given["old_logps"], given["ref_logps"], given["advantages"], mask, case)
    return f"grpo.{j}.loss", abs(float(loss) - case["loss"]), 1e-5
