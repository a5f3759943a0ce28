#!/usr/bin/env python3
"""The network of charnn's pairs in PyTorch, for pairs-speed.mjs: how fast it trains, and how fast it converts.

A bidirectional LSTM reads the source and an LSTM writes the target, with Luong attention (general) over the source, as
src/model/pairs/pair-network.ts has it. Batches are those of charnn: sources of equal length, with targets of different
lengths. The request is a file of JSON, named on the command line:

    {"mode": "train", "pairs": [[[ids], [ids]], …], "batch": 64, "steps": 200, …}
    {"mode": "convert", "sources": [[ids], …], "batch": 256, "weights": FILE of float32 in charnn's order, …}

Both have "vocabulary", "embedding", "hidden", "tab", "newline", "precision" (f32, or bf16 by autocast) and "threads".
The answer is a line of JSON: {"perSecond": steps or sources, "version": …, "targets": [[ids], …] of convert}.
"""
import json
import random
import sys
import time

import torch
from torch import nn


class Pairs(nn.Module):
    def __init__(self, vocabulary, embedding, hidden):
        super().__init__()
        self.encoder_embedding = nn.Embedding(vocabulary, embedding)
        self.encoder = nn.LSTM(embedding, hidden, bidirectional=True)
        self.decoder_embedding = nn.Embedding(vocabulary, embedding)
        self.decoder = nn.LSTM(embedding, hidden)
        self.bridge_h = nn.Linear(2 * hidden, hidden)
        self.bridge_c = nn.Linear(2 * hidden, hidden)
        self.attention = nn.Linear(2 * hidden, 2 * hidden, bias=False)
        self.combine = nn.Linear(hidden, hidden)
        self.output = nn.Linear(hidden, vocabulary)

    def encode(self, source):
        """[S, B] → keys and values [B, S, H], and the decoder's first state"""
        y, (h, c) = self.encoder(self.encoder_embedding(source))
        keys, values = self.attention(y).transpose(0, 1).chunk(2, -1)
        first = tuple(
            bridge(torch.cat([x[0], x[1]], -1))[None] for bridge, x in [(self.bridge_h, h), (self.bridge_c, c)]
        )
        return keys, values, first

    def decode(self, inputs, keys, values, state):
        """[T, B] → logits [T, B, V]"""
        y, state = self.decoder(self.decoder_embedding(inputs), state)
        query = y.transpose(0, 1)
        looks = torch.softmax(query @ keys.transpose(1, 2), -1)
        top = torch.tanh(self.combine(query) + looks @ values)
        return self.output(top).transpose(0, 1), state


def load(model, path, hidden):
    """Reads weights in the order of charnn's parameter table."""
    flat = torch.frombuffer(bytearray(open(path, "rb").read()), dtype=torch.float32)
    at = 0

    def take(*shape):
        nonlocal at
        count = torch.Size(shape).numel()
        at += count
        return flat[at - count : at].view(shape)

    with torch.no_grad():
        for part in (model.encoder, model.decoder):
            embedding = model.encoder_embedding if part is model.encoder else model.decoder_embedding
            embedding.weight.copy_(take(*embedding.weight.shape))
            for weight in part.parameters():
                weight.copy_(take(*weight.shape))
        for bridge in (model.bridge_h, model.bridge_c):
            bridge.weight.copy_(torch.cat([take(hidden, hidden), take(hidden, hidden)], 1))
            bridge.bias.copy_(take(hidden))
        model.attention.weight.copy_(take(2 * hidden, 2 * hidden))
        for linear in (model.combine, model.output):
            linear.weight.copy_(take(*linear.weight.shape))
            linear.bias.copy_(take(*linear.bias.shape))
    if at != flat.numel():
        raise ValueError(f"{flat.numel()} weights, but the network has {at}")


def groups(items, length, most):
    """Lists of at most `most` items of equal length, in their order"""
    start = 0
    for i in range(1, len(items) + 1):
        if i == len(items) or i - start == most or length(items[i]) != length(items[start]):
            yield items[start:i]
            start = i


def training_batches(request):
    mixed = random.Random(2).sample(request["pairs"], len(request["pairs"]))
    pairs = sorted(mixed, key=lambda pair: len(pair[0]))
    for chosen in groups(pairs, lambda pair: len(pair[0]), request["batch"]):
        steps = max(len(target) for _, target in chosen) + 1
        inputs = [[request["tab"], *target] + [request["newline"]] * (steps - 1 - len(target)) for _, target in chosen]
        targets = [[*target, request["newline"]] + [-100] * (steps - 1 - len(target)) for _, target in chosen]
        source = [source for source, _ in chosen]
        yield tuple(torch.tensor(rows).T.contiguous() for rows in (source, inputs, targets))


def train(model, request, cast):
    adam = torch.optim.Adam(model.parameters(), 2e-3, fused=True)
    batches = list(training_batches(request))
    random.Random(1).shuffle(batches)

    def step(i):
        source, inputs, targets = batches[i % len(batches)]
        adam.zero_grad()
        with cast():
            logits, _ = model.decode(inputs, *model.encode(source))
        nn.functional.cross_entropy(logits.flatten(0, 1).float(), targets.flatten()).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        adam.step()

    warm = 20
    for i in range(warm):
        step(i)
    start = time.perf_counter()
    for i in range(request["steps"]):
        step(warm + i)
    return {"perSecond": request["steps"] / (time.perf_counter() - start)}


def convert(model, request, cast):
    sources = request["sources"]
    order = sorted(range(len(sources)), key=lambda i: len(sources[i]))
    batches = list(groups(order, lambda i: len(sources[i]), request["batch"]))

    def answers(chosen):
        source = torch.tensor([sources[i] for i in chosen]).T.contiguous()
        keys, values, state = model.encode(source)
        last = torch.full((1, len(chosen)), request["tab"])
        ended = torch.zeros(len(chosen), dtype=torch.bool)
        written = []
        for _ in range(50 + 10 * source.shape[0]):
            logits, state = model.decode(last, keys, values, state)
            # a tab and the unknown symbol, the last one, are never written
            logits[..., request["tab"]] = -torch.inf
            last = logits[..., :-1].argmax(-1)
            written.append(last[0])
            ended |= last[0] == request["newline"]
            if ended.all():
                break
        rows = torch.stack(written, 1).tolist()
        return [row[: row.index(request["newline"])] if request["newline"] in row else row for row in rows]

    targets = [None] * len(sources)
    with torch.inference_mode(), cast():
        answers(batches[0])
        start = time.perf_counter()
        for chosen in batches:
            for i, target in zip(chosen, answers(chosen)):
                targets[i] = target
        seconds = time.perf_counter() - start
    return {"perSecond": len(sources) / seconds, "targets": targets}


request = json.load(open(sys.argv[1]))
torch.set_num_threads(request["threads"])
model = Pairs(request["vocabulary"], request["embedding"], request["hidden"])
if "weights" in request:
    load(model, request["weights"], request["hidden"])
cast = lambda: torch.autocast("cpu", torch.bfloat16, enabled=request["precision"] == "bf16")
result = (train if request["mode"] == "train" else convert)(model, request, cast)
print(json.dumps({**result, "version": torch.__version__}))
