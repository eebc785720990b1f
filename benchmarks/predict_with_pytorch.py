"""One prediction as a PyTorch user writes it: `predict_with_pytorch.py MODEL PICTURE`.

Two classes, one output; the preprocessing is the one that plainnet's model file carries.
"""

import json
import sys

import numpy as np
import torch
from PIL import Image
from torch import nn

network = nn.Sequential(
    nn.Linear(64 * 64 * 3, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 1)
)
saved = torch.load(sys.argv[1], weights_only=True)
network.load_state_dict(saved["network"])
network.eval()

with Image.open(sys.argv[2]) as image:
    small = image.convert("RGB").resize((64, 64), Image.Resampling.BILINEAR)
pixels = torch.from_numpy(np.array(small)).float().reshape(1, -1)
with torch.inference_mode():
    p = torch.sigmoid(network((pixels - saved["mean"]) / saved["scale"])).item()
probabilities = {"cat": 1 - p, "dog": p}
answer = max(probabilities, key=probabilities.__getitem__)
print(json.dumps({"predictions": [{"answer": answer, "probabilities": probabilities}]}))
