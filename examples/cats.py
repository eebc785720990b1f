"""python examples/cats.py FOLDER [--drop-leaks] [--dense]: the tutorial's cats, ten times.

FOLDER holds train_catvnoncat.h5 and test_catvnoncat.h5. --drop-leaks leaves out the training
picture that is in the test part as well; --dense takes Dense layers instead of the default,
convolutions. The ten differ in their seeds; then they are averaged, as
an ensemble does. See docs/accuracy.md for what comes out, and how much 50 pictures can tell.
"""

import sys

import numpy as np

from plainnet import Classifier
from plainnet.data import read_data
from plainnet.pictures.check import leaks, without_leaks

splits = read_data(sys.argv[1])
network = "dense" if "--dense" in sys.argv else "auto"
if "--drop-leaks" in sys.argv:
    splits = without_leaks(splits, leaks(splits))
if splits.train is None or splits.test is None:
    sys.exit("The folder must hold a training and a test part.")
y = splits.test.y
P = []
for seed in range(10):
    P.append(Classifier(seed=seed, network=network).fit(splits).predict_proba(splits.test.X))
    print(f"seed {seed}  {(P[-1].argmax(axis=1) == y).mean():.0%}", flush=True)
each = [(p.argmax(axis=1) == y).mean() for p in P]
print(f"mean {np.mean(each):.1%} (spread {np.std(each, ddof=1):.1%})")
print(f"ensemble of 10 {(np.mean(P, axis=0).argmax(axis=1) == y).mean():.0%}")
