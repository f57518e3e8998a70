"""InternVL in plain eager PyTorch, written the way Hugging Face transformers runs it.

Separate q, k, v and gate, up products, a key-value cache grown by torch.cat (DynamicCache), an
additive 4-D mask, keys and values repeated for grouped-query attention. Attention is what
transformers picks: scaled_dot_product_attention where torch has it (2.0 and later), plain matrix
products and a softmax before that. Reads layout B of a model folder (config.json, *.safetensors).
"""

import glob
import json
import math
import os
import struct

import torch
import torch.nn as nn
import torch.nn.functional as F

DTYPES = {
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "U8": torch.uint8,
}


def read_safetensors(path):
    """name → tensor. Debian has no safetensors package; the format is a length, JSON, bytes."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(bytes(data[8 : 8 + length]))
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        dtype = DTYPES[entry["dtype"]]
        if begin == end:
            tensors[name] = torch.empty(entry["shape"], dtype=dtype)
            continue
        raw = data[8 + length + begin : 8 + length + end]  # a copy, so aligned
        tensors[name] = torch.frombuffer(raw, dtype=dtype).reshape(entry["shape"])
    return tensors


def attend(query, key, value, mask):
    """[B, heads, Tq, d] × [B, heads, Tk, d] → [B, Tq, heads · d]; mask is added to the scores."""
    if hasattr(F, "scaled_dot_product_attention"):
        out = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    else:
        scores = torch.matmul(query, key.transpose(2, 3)) * query.shape[-1] ** -0.5
        if mask is not None:
            scores = scores + mask
        out = torch.matmul(F.softmax(scores, dim=-1, dtype=torch.float32), value)
    return out.transpose(1, 2).contiguous().flatten(2)


def heads(x, count):
    return x.view(x.shape[0], x.shape[1], count, -1).transpose(1, 2)


class VisionAttention(nn.Module):
    def __init__(self, c):
        super().__init__()
        size = c["hidden_size"]
        self.heads = c["num_attention_heads"]
        self.q_proj = nn.Linear(size, size, bias=c["attention_bias"])
        self.k_proj = nn.Linear(size, size, bias=c["attention_bias"])
        self.v_proj = nn.Linear(size, size, bias=c["attention_bias"])
        self.projection_layer = nn.Linear(size, size)

    def forward(self, x):
        q, k, v = (heads(p(x), self.heads) for p in (self.q_proj, self.k_proj, self.v_proj))
        return self.projection_layer(attend(q, k, v, None))


class VisionMlp(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.fc1 = nn.Linear(c["hidden_size"], c["intermediate_size"])
        self.fc2 = nn.Linear(c["intermediate_size"], c["hidden_size"])

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class VisionLayer(nn.Module):
    def __init__(self, c):
        super().__init__()
        size, eps = c["hidden_size"], c["layer_norm_eps"]
        self.attention = VisionAttention(c)
        self.mlp = VisionMlp(c)
        self.layernorm_before = nn.LayerNorm(size, eps=eps)
        self.layernorm_after = nn.LayerNorm(size, eps=eps)
        self.lambda_1 = nn.Parameter(torch.ones(size))
        self.lambda_2 = nn.Parameter(torch.ones(size))

    def forward(self, x):
        x = self.lambda_1 * self.attention(self.layernorm_before(x)) + x
        return self.lambda_2 * self.mlp(self.layernorm_after(x)) + x


class VisionTower(nn.Module):
    def __init__(self, c):
        super().__init__()
        size, patch = c["hidden_size"], c["patch_size"]
        tokens = math.prod(i // p for i, p in zip(c["image_size"], patch))
        self.embeddings = nn.Module()
        self.embeddings.cls_token = nn.Parameter(torch.zeros(1, 1, size))
        self.embeddings.position_embeddings = nn.Parameter(torch.zeros(1, tokens + 1, size))
        self.embeddings.patch_embeddings = nn.Module()
        self.embeddings.patch_embeddings.projection = nn.Conv2d(
            c["num_channels"], size, kernel_size=tuple(patch), stride=tuple(patch)
        )
        self.encoder = nn.Module()
        self.encoder.layer = nn.ModuleList(VisionLayer(c) for _ in range(c["num_hidden_layers"]))

    def forward(self, pixels):
        e = self.embeddings
        patches = e.patch_embeddings.projection(pixels).flatten(2).transpose(1, 2)
        x = torch.cat((e.cls_token.expand(len(patches), -1, -1), patches), dim=1)
        x = x + e.position_embeddings
        for layer in self.encoder.layer:
            x = layer(x)
        return x


class Projector(nn.Module):
    def __init__(self, vision, text, ratio):
        super().__init__()
        self.ratio = ratio
        inner = vision["hidden_size"] * int(1 / ratio) ** 2
        self.layer_norm = nn.LayerNorm(inner)
        self.linear_1 = nn.Linear(inner, text["hidden_size"])
        self.linear_2 = nn.Linear(text["hidden_size"], text["hidden_size"])

    def pixel_shuffle(self, x):
        n, width, height, channels = x.shape
        r = self.ratio
        x = x.view(n, width, int(height * r), int(channels / r)).permute(0, 2, 1, 3).contiguous()
        x = x.view(n, int(height * r), int(width * r), int(channels / (r * r)))
        return x.permute(0, 2, 1, 3).contiguous()

    def forward(self, features):
        side = int(features.shape[1] ** 0.5)
        x = self.pixel_shuffle(features.reshape(len(features), side, side, -1))
        x = self.layer_norm(x.reshape(len(x), -1, x.shape[-1]))
        return self.linear_2(F.gelu(self.linear_1(x)))


class RMSNorm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x):
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps))


def rotate_half(x):
    half = x.shape[-1] // 2
    return torch.cat((-x[..., half:], x[..., :half]), dim=-1)


def repeat_kv(x, times):
    if times == 1:
        return x
    b, h, t, d = x.shape
    return x[:, :, None].expand(b, h, times, t, d).reshape(b, h * times, t, d)


class TextAttention(nn.Module):
    def __init__(self, c):
        super().__init__()
        size = c["hidden_size"]
        self.heads, self.kv_heads = c["num_attention_heads"], c["num_key_value_heads"]
        head = c.get("head_dim") or size // self.heads
        self.q_proj = nn.Linear(size, self.heads * head, bias=True)
        self.k_proj = nn.Linear(size, self.kv_heads * head, bias=True)
        self.v_proj = nn.Linear(size, self.kv_heads * head, bias=True)
        self.o_proj = nn.Linear(self.heads * head, size, bias=False)

    def forward(self, x, cos, sin, mask, cache, layer):
        q = heads(self.q_proj(x), self.heads)
        k = heads(self.k_proj(x), self.kv_heads)
        v = heads(self.v_proj(x), self.kv_heads)
        q, k = q * cos + rotate_half(q) * sin, k * cos + rotate_half(k) * sin
        if cache is not None:
            k, v = cache.update(k, v, layer)
        times = self.heads // self.kv_heads
        return self.o_proj(attend(q, repeat_kv(k, times), repeat_kv(v, times), mask))


class TextMlp(nn.Module):
    def __init__(self, c):
        super().__init__()
        size, inner = c["hidden_size"], c["intermediate_size"]
        self.gate_proj = nn.Linear(size, inner, bias=False)
        self.up_proj = nn.Linear(size, inner, bias=False)
        self.down_proj = nn.Linear(inner, size, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class TextLayer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.self_attn = TextAttention(c)
        self.mlp = TextMlp(c)
        self.input_layernorm = RMSNorm(c["hidden_size"], c["rms_norm_eps"])
        self.post_attention_layernorm = RMSNorm(c["hidden_size"], c["rms_norm_eps"])

    def forward(self, x, cos, sin, mask, cache, layer):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin, mask, cache, layer)
        return x + self.mlp(self.post_attention_layernorm(x))


class Cache:
    """Grows by concatenation, as transformers' DynamicCache."""

    def __init__(self):
        self.keys, self.values = [], []

    def update(self, key, value, layer):
        if layer == len(self.keys):
            self.keys.append(key)
            self.values.append(value)
        else:
            self.keys[layer] = torch.cat((self.keys[layer], key), dim=2)
            self.values[layer] = torch.cat((self.values[layer], value), dim=2)
        return self.keys[layer], self.values[layer]


class TextModel(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.embed_tokens = nn.Embedding(c["vocab_size"], c["hidden_size"])
        self.layers = nn.ModuleList(TextLayer(c) for _ in range(c["num_hidden_layers"]))
        self.norm = RMSNorm(c["hidden_size"], c["rms_norm_eps"])
        head = c.get("head_dim") or c["hidden_size"] // c["num_attention_heads"]
        self.inverse = 1.0 / (c["rope_theta"] ** (torch.arange(0, head, 2, dtype=torch.float32) / head))

    def forward(self, embeddings, attention_mask, positions, cache):
        angles = positions[:, None, :, None].float() * self.inverse
        angles = torch.cat((angles, angles), dim=-1)
        mask = causal_mask(attention_mask, embeddings.shape[1])
        cos, sin = angles.cos(), angles.sin()
        x = embeddings
        for index, layer in enumerate(self.layers):
            x = layer(x, cos, sin, mask, cache, index)
        return self.norm(x)


def causal_mask(attention_mask, queries):
    """[B, keys] of 0 and 1 → [B, 1, queries, keys], 0 where a query sees a key, else the lowest float."""
    keys = attention_mask.shape[1]
    seen = torch.arange(keys) <= torch.arange(keys - queries, keys)[:, None]
    allowed = seen[None, None] & attention_mask[:, None, None, :].bool()
    return torch.zeros(allowed.shape).masked_fill(~allowed, torch.finfo(torch.float32).min)


class InternVL(nn.Module):
    def __init__(self, config):
        super().__init__()
        vision, text = config["vision_config"], config["text_config"]
        self.image_token = config["image_token_id"]
        self.vision_tower = VisionTower(vision)
        self.multi_modal_projector = Projector(vision, text, config["downsample_ratio"])
        self.language_model = nn.Module()
        self.language_model.model = TextModel(text)
        self.language_model.lm_head = nn.Linear(text["hidden_size"], text["vocab_size"], bias=False)

    @staticmethod
    def load(folder):
        with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
            model = InternVL(json.load(file))
        weights = {}
        for path in sorted(glob.glob(os.path.join(folder, "*.safetensors"))):
            weights.update(read_safetensors(path))
        lm = model.language_model
        if "language_model.lm_head.weight" not in weights:
            lm.lm_head.weight = lm.model.embed_tokens.weight
            weights["language_model.lm_head.weight"] = weights["language_model.model.embed_tokens.weight"]
        model.load_state_dict(weights)
        return model

    def image_features(self, pixels):
        """[tiles, 3, H, W] → [tiles · tokens, hidden]."""
        return self.multi_modal_projector(self.vision_tower(pixels)[:, 1:]).flatten(0, 1)

    def forward(self, ids, attention_mask, positions=None, pixels=None, cache=None, keep=0):
        """Logits of the last `keep` positions (0 = all), [B, keep, vocabulary]."""
        lm = self.language_model
        x = lm.model.embed_tokens(ids)
        if pixels is not None:
            features = self.image_features(pixels)
            places = (ids == self.image_token)[..., None].expand_as(x)
            x = x.masked_scatter(places, features)
        if positions is None:
            positions = torch.arange(ids.shape[1])[None]
        x = lm.model(x, attention_mask, positions, cache)
        return lm.lm_head(x[:, -keep:] if keep else x)
