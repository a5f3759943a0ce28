#!/usr/bin/python3
"""One training iteration of the torch-rnn benchmark in PyTorch, the peer of `charnn bench`.

Embedding 64 → L layers of H → linear to V = 65 → softmax cross-entropy; batch 50, sequence 50, backward,
clipping by the global norm 5, Adam; the state is carried over. Prints one JSON object.
Needs Debian's python3-torch.

    pytorch_iteration.py CELL LAYERS HIDDEN THREADS ITERATIONS
"""
import json
import resource
import sys
import time

import torch
from torch import nn

V, D, B, T = 65, 64, 50, 50
cell, (layers, hidden, threads, iterations) = sys.argv[1], map(int, sys.argv[2:])
torch.set_num_threads(threads)
embedding = nn.Embedding(V, D)
recurrent = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[cell](D, hidden, layers)
output = nn.Linear(hidden, V)
parameters = [p for module in (embedding, recurrent, output) for p in module.parameters()]
adam = torch.optim.Adam(parameters, 2e-3)
state, seconds = None, []
for _ in range(iterations + 2):
    inputs, targets = torch.randint(0, V, (T, B)), torch.randint(0, V, (T * B,))
    start = time.perf_counter()
    adam.zero_grad()
    hiddens, state = recurrent(embedding(inputs), state)
    state = tuple(s.detach() for s in state) if cell == "lstm" else state.detach()
    nn.functional.cross_entropy(output(hiddens).view(-1, V), targets).backward()
    nn.utils.clip_grad_norm_(parameters, 5.0)
    adam.step()
    seconds.append(time.perf_counter() - start)
median = sorted(seconds[2:])[iterations // 2]
print(json.dumps({
    "pytorch": torch.__version__,
    "chars_per_s": B * T / median,
    "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
