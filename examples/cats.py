"""python examples/cats.py FOLDER [--drop-leaks]: the tutorial's cats, ten trainings, averaged.

FOLDER holds train_catvnoncat.h5 and test_catvnoncat.h5. --drop-leaks leaves out the training
picture that is in the test part as well.

Mean 82.6 %, averaged 84 %; without the leak 81.4 % and 84 %; a minute on one thread.
Cross-validation says 71 %: see docs/accuracy.md.
"""

import sys

import numpy as np

from plainnet import Classifier
from plainnet.pictures import leaks, read_data, without_leaks

splits = read_data(sys.argv[1])
if "--drop-leaks" in sys.argv:
    splits = without_leaks(splits, leaks(splits))
if splits.train is None or splits.test is None:
    sys.exit("The folder must hold a training and a test part.")
augment = {
    "flip": 0.5,
    "shift": 0.1,
    "rotate": 10,
    "scale": 0.15,
    "brightness": 0.4,
    "contrast": 0.4,
    "colour": 0.4,
}
y = splits.test.y
P = []
for seed in range(10):
    classifier = Classifier(
        normalization="batch",
        class_weight="balanced",
        augment=augment,
        validation_share=0,
        seed=seed,
    ).fit(splits.train)
    P.append(classifier.predict_proba(splits.test.X))
    print(f"seed {seed}  {(P[-1].argmax(axis=1) == y).mean():.0%}", flush=True)
each = [(p.argmax(axis=1) == y).mean() for p in P]
print(f"mean {np.mean(each):.1%} (spread {np.std(each, ddof=1):.1%})")
print(f"ensemble of 10 {(np.mean(P, axis=0).argmax(axis=1) == y).mean():.0%}")
