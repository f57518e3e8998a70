"""The three things that are timed, as transformers' generate, its Trainer and TRL's GRPOTrainer do them."""

import torch
import torch.nn.functional as F

from model import Cache

PAD = 0  # any id: padded positions are masked


def pad_left(rows):
    width = max(map(len, rows))
    ids = torch.tensor([[PAD] * (width - len(r)) + r for r in rows])
    mask = torch.tensor([[0] * (width - len(r)) + [1] * len(r) for r in rows])
    return ids, mask


def pad_right(rows, fill=PAD):
    width = max(map(len, rows))
    ids = torch.tensor([r + [fill] * (width - len(r)) for r in rows])
    mask = torch.tensor([[1] * len(r) + [0] * (width - len(r)) for r in rows])
    return ids, mask


def positions_of(mask):
    return (mask.cumsum(1) - 1).clamp(min=0)


@torch.no_grad()
def generate(model, prompts, pixels, new_tokens, banned, greedy=False):
    """`new_tokens` ids for each prompt. A group's prompt is given, and prefilled, once per completion,
    as generate's num_return_sequences and TRL do; no stop token ends a row, so the work is fixed."""
    ids, mask = pad_left(prompts)
    start = ids.shape[1]
    cache = Cache()
    step = ids
    for _ in range(new_tokens):
        positions = positions_of(mask)[:, -step.shape[1] :]
        logits = model(step, mask, positions, pixels, cache, keep=1)
        pixels = None  # the image is in the cache now
        scores = logits[:, -1].float().clone()
        if banned:
            scores[:, banned] = -float("inf")
        if greedy:
            step = scores.argmax(-1, keepdim=True)
        else:
            step = torch.multinomial(F.softmax(scores, dim=-1), 1)
        ids = torch.cat((ids, step), dim=1)
        mask = torch.cat((mask, mask.new_ones(len(mask), 1)), dim=1)
    return ids[:, start:]


def sft_loss(model, rows, labels, pixels):
    """Mean cross-entropy over the labelled tokens (−100 = not counted), full logits."""
    ids, mask = pad_right(rows)
    targets, _ = pad_right(labels, fill=-100)
    logits = model(ids, mask, pixels=pixels).float()
    targets = F.pad(targets, (0, 1), value=-100)[:, 1:]
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-100)


def completion_logprobs(model, prompts, completions, pixels, temperature, entropy=False):
    """[B, T] log-probabilities of the completions' tokens, their mask, and entropies if asked for."""
    left, left_mask = pad_left(prompts)
    right, right_mask = pad_right(completions)
    ids, mask = torch.cat((left, right), 1), torch.cat((left_mask, right_mask), 1)
    width = right.shape[1]
    logits = model(ids, mask, positions_of(mask), pixels, keep=width + 1)[:, :-1] / temperature
    logprobs = F.log_softmax(logits, dim=-1)
    chosen = logprobs.gather(-1, right[..., None]).squeeze(-1)
    entropies = None
    if entropy:
        with torch.no_grad():
            entropies = -(logprobs.exp() * logprobs).sum(-1)
    return chosen, right_mask.float(), entropies


def grpo_loss(logps, old, reference, advantages, mask, c, total_tokens=None, rows=None):
    """TRL's loss. `total_tokens` and `rows` are the whole optimizer step's when a micro-batch is given."""
    ratio = logps - old
    if c.get("importance_sampling_level", "token") == "sequence":
        ratio = ((ratio * mask).sum(-1) / mask.sum(-1).clamp(min=1.0))[:, None]
    ratio = ratio.exp()
    clipped = ratio.clamp(1 - c["epsilon_low"], 1 + c["epsilon_high"])
    if c.get("delta") is not None:
        ratio = ratio.clamp(max=c["delta"])
    loss = -torch.min(ratio * advantages[:, None], clipped * advantages[:, None])
    if c["beta"]:
        gap = reference - logps
        loss = loss + c["beta"] * (gap.exp() - gap - 1)
    rows = rows or len(logps)
    total = total_tokens if total_tokens is not None else mask.sum()
    kind = c["loss_type"]
    if kind == "grpo":
        return ((loss * mask).sum(-1) / mask.sum(-1).clamp(min=1.0)).sum() / rows
    if kind in ("bnpo", "dapo"):
        return (loss * mask).sum() / max(float(total), 1.0)
    if kind == "dr_grpo":
        return (loss * mask).sum() / (rows * c["max_completion_length"])
    raise ValueError(f"loss_type {kind}: one of grpo, bnpo, dapo, dr_grpo")


def optimizer_for(model, c):
    model.vision_tower.requires_grad_(c.get("train_vision", True))
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=c["lr"], betas=tuple(c["betas"]), weight_decay=c["weight_decay"])
    return optimizer, trained


def apply(optimizer, trained, c):
    torch.nn.utils.clip_grad_norm_(trained, c["max_grad_norm"])
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
