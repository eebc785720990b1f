# %% photos
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

from plainnet.demo.drawing import draw_animal

rng = np.random.default_rng(10)
for kind in ("cat", "fox", "rabbit"):
    folder = Path("photos", kind)
    folder.mkdir(parents=True, exist_ok=True)
    for animal in range(24):
        picture = draw_animal(kind, rng, size=24)
        for shot in "abc":
            box = (*rng.uniform(0, 1, 2), *rng.uniform(23, 24, 2))
            taken = picture.resize((24, 24), box=box)
            taken = ImageEnhance.Brightness(taken).enhance(rng.uniform(0.8, 1.2))
            taken.save(folder / f"{kind}-{animal:02d}-{shot}.png")

# %% bursts
sheet = Image.new("RGB", (9 * 104, 104), "white")
for i, kind in enumerate(("cat", "fox", "rabbit")):
    for j, shot in enumerate("abc"):
        picture = Image.open(f"photos/{kind}/{kind}-00-{shot}.png")
        picture = picture.resize((96, 96), Image.Resampling.NEAREST)
        sheet.paste(picture, ((3 * i + j) * 104 + 4, 4))

sheet.save("bursts.png")

# %% untidy
import shutil

whole = Path("photos/cat/cat-00-a.png").read_bytes()
_ = Path("photos/cat/broken.png").write_bytes(whole[:200])
_ = shutil.copy("photos/fox/fox-03-a.png", "photos/cat/img-7.png")

# %% check
from plainnet.pictures.check import check
from plainnet.reports.check_text import check_text

print(check_text(check("photos")))

# %% split
Path("photos/cat/broken.png").unlink()
Path("photos/cat/img-7.png").unlink()
paths = sorted(Path("photos").glob("*/*.png"))
drawn = set(rng.permutation(len(paths))[:54].tolist())
is_test = {
    "by-picture": [i in drawn for i in range(len(paths))],
    "by-animal": [int(path.stem.split("-")[1]) < 6 for path in paths],
}
for name, chosen in is_test.items():
    for path, test in zip(paths, chosen, strict=True):
        to = Path(name, "test" if test else "train", path.parent.name)
        to.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, to)

for name in is_test:
    leaks = [one for one in check(name).findings if one.severity == "problem"]
    print(f"{name:10s} {len(leaks)} pictures found in both parts")

# %% trained
from plainnet import Classifier

settings = {"hidden": 16, "epochs": 20, "ensemble": 1, "seed": 1}
found = {}
for name in is_test:
    classifier = Classifier(**settings).fit(f"{name}/train", features="patches")
    found[name] = classifier.evaluate(f"{name}/test")
    print(f"{name:10s} {found[name].accuracy:.3f}")

# %% evaluated
from plainnet.metrics.metrics import wilson_interval

matrix = found["by-animal"].confusion
for i, kind in enumerate(found["by-animal"].classes):
    print(f"{kind}: {matrix[i, i]} of {matrix[i].sum()} recognized")

share = found["by-animal"].accuracy
for what, n in (("pictures", 54), ("animals", 18)):
    low, high = wilson_interval(n * share, n)
    print(f"as {n} {what}: from {100 * low:.1f} % to {100 * high:.1f} %")

print(f"always the same answer: {100 / 3:.1f} %")

# %% shelter
import csv


def shelter(name, n):
    day = rng.integers(0, 730, n)
    age, weight = rng.gamma(2, 2.5, n), rng.normal(4.2, 0.8, n)
    colour = rng.choice(["black", "tabby", "red", "white"], n, p=[0.4, 0.35, 0.15, 0.1])
    z = 1.5 - 0.45 * age + 1.5 * np.sin(2 * np.pi * day / 365.25)
    z += 1.2 * (colour == "red") - 0.8 * (colour == "black")
    adopted = np.where(rng.random(n) < 1 / (1 + np.exp(-z)), "yes", "no")
    years = np.where(rng.random(n) < 0.15, "", np.char.mod("%.1f", age))
    arrived = np.datetime64("2024-01-01") + day
    columns = [arrived, years, np.char.mod("%.2f", weight), colour, adopted]
    with Path(name).open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["arrived", "age", "weight", "colour", "adopted"])
        rows.writerows(zip(*columns, strict=True))


shelter("cats.csv", 150)
shelter("validation.csv", 60)
shelter("later.csv", 3000)
print(*Path("cats.csv").read_text("utf-8").splitlines()[:5], sep="\n")

# %% columns
from plainnet.tables import TableEncoder, overview, read_table

table = read_table(Path("cats.csv"))
for one in overview(table):
    print(f"{one.name:8s} {one.kind:9s} {one.missing:2d} missing   {', '.join(one.examples)}")

# %% features
encoder = TableEncoder.fit(table, "adopted")
train = encoder.dataset(table)
with Path("cats.csv").open(encoding="utf-8") as file:
    cells = list(csv.DictReader(file))

row = next(i for i, cat in enumerate(cells) if cat["age"] == "")
print(*cells[row].values(), sep=",")
for name, value in zip(encoder.features, train.X[row], strict=True):
    print(f"{name:22s} {value:7.4f}")

# %% by_hand
age = np.array([float(cat["age"] or "nan") for cat in cells])
filled = np.where(np.isnan(age), np.nanmedian(age), age)
z = (filled - filled.mean()) / filled.std()
days = np.array([cat["arrived"] for cat in cells], "datetime64[D]").astype(int)  # since 1970
turn = 2 * np.pi * days / 365.2425
print(f"age  {z[row]:7.4f}")
print(f"year {np.sin(turn[row]):7.4f} {np.cos(turn[row]):7.4f}")

# %% search
from plainnet import AdamW, Network, SigmoidCrossEntropy, fit

loss = SigmoidCrossEntropy()
validation, later = (
    encoder.dataset(read_table(Path(name))) for name in ("validation.csv", "later.csv")
)


def right(network, data):
    return (network.forward(data.X.astype(float))[:, 0] >= 0) == (data.y == 1)


tried = []
for _trial in range(30):
    hidden = int(rng.choice([2, 8, 32]))
    rate, decay = 10 ** rng.uniform(-3, -1), 10 ** rng.uniform(-3, 0)
    network = Network.dense([train.X.shape[1], hidden, 1], dtype=np.float64, rng=1)
    optimizer = AdamW(rate, weight_decay=decay)
    fit(network, loss, optimizer, train.X.astype(float), train.y, epochs=20, batch_size=30, rng=1)
    tried.append((network, f"hidden {hidden:2d}, learning rate {rate:.4f}, decay {decay:.4f}"))

scores = np.array([right(network, validation).mean() for network, _ in tried])
for i in np.argsort(-scores, kind="stable")[:3]:
    print(f"{scores[i]:.3f}  {tried[i][1]}")

# %% winner
winner = scores.argmax()
answers = np.array([right(network, later) for network, _ in tried])
truth = answers.mean(axis=1)
print(f"the winner, validation rows: {scores[winner]:.3f}")
print(f"the winner, later rows:      {truth[winner]:.3f}")
print(f"the 30 settings: {scores.mean():.3f} on validation rows, {truth.mean():.3f} on later rows")
print(f"the best of the 30 on them:  {truth.max():.3f}")
print(f"always the same answer:      {max(np.mean(later.y), 1 - np.mean(later.y)):.3f}")

# %% drawn
from plainnet.reports.axes import Axis
from plainnet.reports.charts import Line, Points, chart, svg_file

drawn = chart(
    "30 settings: the score they are chosen by, and the true one",
    Axis("accuracy on 60 validation rows", 0.55, 0.85, "percent"),
    Axis("accuracy on 3,000 later rows", 0.55, 0.85, "percent"),
    [Line("both the same", [0.55, 0.85], [0.55, 0.85], series=0, dashed=True)],
    points=Points(scores, truth),
)
_ = Path("settings.svg").write_text(svg_file(drawn), encoding="utf-8")

# %% curse
gaps = []
for _ in range(1000):
    rows = rng.permutation(3000)
    chosen_by = answers[:, rows[:60]].mean(axis=1)
    best = chosen_by.argmax()
    gaps.append(chosen_by[best] - answers[best, rows[60:]].mean())

print(f"winner's curse: {np.mean(gaps):.3f}")

# %% saved
classifier = Classifier(**settings).fit("cats.csv", target="adopted")
classifier.save("cats.safetensors")
loaded = Classifier.load("cats.safetensors")
same = np.array_equal(loaded.predict_proba("later.csv"), classifier.predict_proba("later.csv"))
print(f"the same probabilities after loading: {same}")
cat = {"arrived": "2026-04-01", "age": 2, "weight": 4.1, "colour": "red"}
print(*loaded.predict([cat, cat | {"age": "", "colour": "green"}, cat | {"age": 15}]))

# %% weights
from safetensors.numpy import load_file

from plainnet.export.weights import write_weights

write_weights("weights.safetensors", tried[winner][0])
for name, array in load_file("weights.safetensors").items():
    print(f"{name:9s} {array.shape}")
