#!/usr/bin/env python3
"""Training iterations of the torch-rnn benchmark in PyTorch, the peer of `charnn bench`.

Embedding 64 → L layers of H → linear to V = 65 → softmax cross-entropy; batch 50, sequence 50, backward,
clipping by the global norm 5, fused Adam; the state is carried over. Needs PyTorch from PyPI.

Reads one request a line from standard input and answers each with a line, both JSON:

    {"cell": "lstm", "layers": 2, "hidden": 256, "precision": "bf16", "threads": 2, "compiled": false,
     "iterations": 5, "seconds": 1, "limit": 300}

Precision is f32, or bf16 by autocast. The median is that of `iterations` or, if they take less, of as many as
fit `seconds`. A request that takes longer than `limit` seconds, compiling included, is given up.
Each request is computed in a process of its own, which begins with PyTorch loaded and nothing else.
"""
import json
import os
import resource
import signal
import sys
import time

import torch
from torch import nn

V, D, B, T = 65, 64, 50, 50
CELLS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


class LanguageModel(nn.Module):
    def __init__(self, cell, layers, hidden):
        super().__init__()
        self.embedding = nn.Embedding(V, D)
        self.recurrent = CELLS[cell](D, hidden, layers)
        self.output = nn.Linear(hidden, V)

    def forward(self, ids, state):
        hiddens, state = self.recurrent(self.embedding(ids), state)
        return self.output(hiddens), state


def detached(state):
    return tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()


def measure(request):
    torch.set_num_threads(request["threads"])
    model = LanguageModel(request["cell"], request["layers"], request["hidden"])
    adam = torch.optim.Adam(model.parameters(), 2e-3, fused=True)
    forward = model
    if request["compiled"]:
        torch._dynamo.config.allow_rnn = True  # else it leaves the recurrent layers as they are
        forward = torch.compile(model)
    state = None

    def iteration():
        nonlocal state
        inputs, targets = torch.randint(0, V, (T, B)), torch.randint(0, V, (T * B,))
        start = time.perf_counter()
        adam.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=request["precision"] == "bf16"):
            logits, state = forward(inputs, state)
        state = detached(state)
        nn.functional.cross_entropy(logits.view(-1, V).float(), targets).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        adam.step()
        return time.perf_counter() - start

    begun = time.perf_counter()
    for _ in range(3):
        iteration()
    warm = time.perf_counter()
    times = []
    while len(times) < request["iterations"] or time.perf_counter() - warm < request["seconds"]:
        times.append(iteration())
    return {
        "charactersPerSecond": round(B * T / sorted(times)[len(times) // 2]),
        "iterations": len(times),
        "warmUpSeconds": round(warm - begun, 2),
        "peakMegabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def in_own_process(request):
    """The answer to a request, from a child that reports through a pipe."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        signal.alarm(request["limit"])  # ends the process
        with os.fdopen(writing, "w") as pipe:
            try:
                pipe.write(json.dumps(measure(request)))
            except Exception as error:  # a mode that PyTorch refuses is an answer too
                pipe.write(json.dumps({"error": str(error).strip().split("\n")[0]}))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    if text:
        return json.loads(text)
    late = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM
    return {"error": f"not ready after {request['limit']} s" if late else f"ended with status {status}"}


# the first optimiser loads a large part of PyTorch: here, so that no process waits for it
torch.optim.Adam([nn.Parameter(torch.zeros(1))], fused=True)
# without the part that names the build, as +cpu
print(json.dumps({"version": torch.__version__.split("+")[0]}), flush=True)
for line in sys.stdin:
    print(json.dumps(in_own_process(json.loads(line))), flush=True)
