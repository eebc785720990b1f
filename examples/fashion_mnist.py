"""python examples/fashion_mnist.py FOLDER: the folder with Fashion-MNIST's four IDX files.

91.24 % on the test part by three networks, averaged, in nine minutes of one thread; one alone
reaches 91.0 to 91.1 %.
"""

import sys

from plainnet import Classifier
from plainnet.data import read_data

splits = read_data(sys.argv[1])
classifier = Classifier(
    hidden=(1024, 512),
    normalization="batch",
    dropout=0.3,
    label_smoothing=0.1,
    augment={"flip": 0.5},  # clothes may be mirrored; a named augmentation leaves grey ones as is
    optimizer="adamw",
    learning_rate=0.002,
    batch_size=128,
    epochs=30,
    validation_share=0,
    ensemble=3,
)
for epoch in classifier.fit_epochs(splits.train):
    print(epoch.number, epoch.loss, flush=True)
print("test accuracy", classifier.evaluate(splits.test).accuracy)
classifier.save("fashion_mnist.safetensors")
