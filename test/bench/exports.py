"""Losses of exported models as PyTorch and onnxruntime compute them; see exports.mjs, which calls this."""
import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
import torch
from safetensors import safe_open
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "fixtures"))
import cells  # noqa: E402

folder = pathlib.Path(sys.argv[1])
text = (folder / "text.txt").read_text()
MODULES = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


class Plain(nn.Module):
    """What load_state_dict takes as it is"""

    def __init__(self, size):
        super().__init__()
        D, V = size["embedding"], size["vocabulary"]
        if D > 0:
            self.embedding = nn.Embedding(V, D)
        self.rnn = MODULES[size["cell"]](D or V, size["hidden"], size["layers"])
        self.output = nn.Linear(size["hidden"], V)
        self.size = size

    def forward(self, ids):
        D, V = self.size["embedding"], self.size["vocabulary"]
        x = self.embedding(ids) if D > 0 else nn.functional.one_hot(ids, V).float()
        return self.output(self.rnn(x)[0])


def written_out(size, tensors, ids):
    """Residual connections and layer normalisation, layer by layer"""
    x = tensors["embedding.weight"][ids]
    for l in range(size["layers"]):
        own = {n.split("_l")[0]: t for n, t in tensors.items() if n.startswith("rnn.") and n.endswith(f"_l{l}")}
        y = norm_layer(own, x, size) if size.get("layerNorm") else plain_layer(own, x, size)
        x = x + y if l > 0 and size.get("residual") else y
    return x @ tensors["output.weight"].T + tensors["output.bias"]


def plain_layer(own, x, size):
    layer = MODULES[size["cell"]](x.shape[-1], size["hidden"])
    layer.load_state_dict({f"{n[4:]}_l0": t for n, t in own.items()})
    return layer(x)[0]


def norm_layer(own, x, size):
    H = size["hidden"]
    h, c, outputs = torch.zeros(x.shape[1], H), torch.zeros(x.shape[1], H), []
    for step in x:
        sums = step @ own["rnn.weight_ih"].T + own["rnn.bias_ih"] + h @ own["rnn.weight_hh"].T
        gains, biases = own["rnn.weight_norm"].split(H), own["rnn.bias_hh"].split(H)
        i, f, g, o = (nn.functional.layer_norm(s, (H,), a, b) for s, a, b in zip(sums.split(H, 1), gains, biases))
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        outputs.append(h)
    return torch.stack(outputs)


def of_equations(size, tensors, ids):
    step, count, inputs, units, vectors = cells.CELLS[size["cell"]]
    w = {n: t.double().numpy() for n, t in tensors.items()}
    x = w["embedding.weight"][ids.numpy()]
    for l in range(size["layers"]):
        own = {n: w[f"rnn.{n}_l{l}"] for n in f"{inputs} {units} {vectors}".split()}
        state, outputs = [np.zeros((x.shape[1], size["hidden"])) for _ in range(count)], []
        for row in x:
            state = list(step(row, *state, own))
            outputs.append(state[0])
        x = np.stack(outputs)
    return torch.tensor(x @ w["output.weight"].T + w["output.bias"])


def loss_of(logits, ids):
    return nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), ids[1:]).item()


def by_torch(path):
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys() if name != "counts"}
    size = json.loads(metadata["model"])
    symbols = json.loads(metadata["vocabulary"])["symbols"]
    ids = torch.tensor([symbols.index(c) for c in text])
    read = ids[:-1].unsqueeze(1)
    with torch.no_grad():
        if "equations" in size:
            logits = of_equations(size, tensors, read)
        elif size.get("residual") or size.get("layerNorm"):
            logits = written_out(size, tensors, read)
        else:
            model = Plain(size)
            model.load_state_dict(tensors)
            logits = model(read)
    return loss_of(logits.double(), ids)


def by_onnx(path):
    onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    properties = session.get_modelmeta().custom_metadata_map
    symbols = json.loads(properties["vocabulary"])["symbols"]
    ids = np.array([symbols.index(c) for c in text])
    first, *states = session.get_inputs()
    state = {s.name: np.zeros((s.shape[0], 1, s.shape[2]), np.float32) for s in states}
    pieces = np.split(ids[:-1, None], [len(ids) // 3]) if len(first.shape) == 2 else ids[:-1, None]
    logits = []
    for piece in pieces:
        found, *after = session.run(None, {first.name: piece, **state})
        logits.append(found.reshape(-1, found.shape[-1]))
        state = dict(zip(state, after))
    return loss_of(torch.tensor(np.concatenate(logits)).double(), torch.tensor(ids))


failed = False
print(f"torch {torch.__version__}, onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}")
print(f"{'':24}{'charnn eval':>12}{'PyTorch':>10}{'step':>10}{'sequence':>10}  round trip")
for case in json.loads((folder / "cases.json").read_text()):
    name, loss = case["name"], case["loss"]
    found = [by_torch(folder / f"{name}.safetensors"), by_onnx(folder / f"{name}.step.onnx")]
    if case["sequence"]:
        found.append(by_onnx(folder / f"{name}.sequence.onnx"))
    differences = [abs(x - loss) for x in found]
    failed = failed or max(differences) > 1e-5 or not case["equal"]
    shown = "".join(f"{d:10.1e}" for d in differences).ljust(30)
    print(f"{name:24}{loss:12.6f}{shown}  {'same bytes' if case['equal'] else 'OTHER BYTES'}", flush=True)
print("all agree to 1e-5" if not failed else "SOME DO NOT AGREE")
sys.exit(failed)
