"""What a person looks at: texts that fit a terminal and say what is so."""

import io
import sys
from collections.abc import Iterator
from unicodedata import east_asian_width

import numpy as np
import pytest

from plainnet import Epoch, Network
from plainnet.metrics.classification import ClassificationEvaluation
from plainnet.network import BatchNorm, Dense, Dropout, LeakyReLU
from plainnet.reports import (
    count,
    network_line,
    network_text,
    percent,
    printable,
    say,
    show_progress,
    table,
)
from plainnet.reports.evaluation_text import evaluation_text


def evaluation(
    classes: tuple[str, ...], confusion: object, auc: float = 0.875
) -> ClassificationEvaluation:
    return ClassificationEvaluation(classes, np.array(confusion), roc_auc=auc, log_loss=0.4567)


def columns(line: str) -> int:
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in line)


# -- pieces --------------------------------------------------------------------------------------


def test_a_table_has_texts_to_the_left_and_numbers_to_the_right() -> None:
    shown = table(("name", "n", "what"), [("a", 5, "x"), ("longer", 1234, "")], texts=(0, 2))
    assert shown.splitlines() == ["name       n  what", "a          5  x", "longer  1234"]
    assert table(("only", "header"), []) == "only  header"


def test_a_table_stays_straight_with_chinese_names() -> None:
    lines = table(("class", "n"), [("狗", 1), ("cat", 22)]).splitlines()
    assert lines == ["class   n", "狗      1", "cat    22"]
    assert {columns(line) for line in lines} == {9}


def test_names_cannot_break_lines_nor_command_the_terminal() -> None:
    shown = table(("file",), [("a\nb",), ("\x1b[31mred",), ("caf\udce9",), ("狗 ü",)])
    assert shown.splitlines() == ["file", r"a\nb", r"\x1b[31mred", r"caf\udce9", "狗 ü"]
    assert printable("\r\t\0") == r"\r\t\x00"


def test_counts_and_shares() -> None:
    assert [count(n) for n in (0, 1, 2000)] == ["0 samples", "1 sample", "2,000 samples"]
    assert count(1, "epoch") == "1 epoch"
    assert [percent(p) for p in (0, 0.5234, 1)] == ["0.0 %", "52.3 %", "100.0 %"]


# -- the network ---------------------------------------------------------------------------------


def test_a_network_in_one_line() -> None:
    assert network_line(Network.dense([12288, 100, 20, 1])) == (
        "12,288 → 100 → 20 → 1, 1,230,941 parameters"
    )
    normalized = Network([Dense(9, 4), BatchNorm(4), Dense(4, 2), BatchNorm(2), Dense(2, 1)])
    assert network_line(normalized) == "9 → 4 → 2 → 1, BatchNorm, 65 parameters"
    assert network_line(Network([LeakyReLU()])) == ", 0 parameters"


def test_a_network_layer_by_layer() -> None:
    shown = network_text(Network([Dense(768, 8), LeakyReLU(), Dropout(0.2), Dense(8, 1)]))
    assert shown.splitlines() == [
        "layer                        output  parameters  multiply-adds",
        "0  Dense(n_in=768, n_out=8)       8       6,152          6,144",
        "1  LeakyReLU(slope=0.01)          8           0              0",
        "2  Dropout(rate=0.2)              8           0              0",
        "3  Dense(n_in=8, n_out=1)         1           9              8",
        "total                                     6,161          6,152",
    ]


def test_a_large_network_fits_a_terminal() -> None:
    class Elaborate(LeakyReLU):
        @property
        def settings(self) -> dict[str, object]:
            return {f"setting_{i}": i for i in range(20)}

    layers = [Dense(2, 10000), BatchNorm(10000), Elaborate(), Dense(10000, 1)]
    shown = network_text(Network(layers)).splitlines()
    assert max(map(len, shown)) <= 80
    assert shown[2].split()[1:4] == ["BatchNorm(momentum=0.1,", "epsilon=1e-05)", "10,000"]


# -- an evaluation -------------------------------------------------------------------------------


def test_an_evaluation_of_two_classes() -> None:
    shown = evaluation_text(evaluation(("cat", "other"), [[8, 2], [1, 29]]), "test")
    assert shown.splitlines() == [
        "test: 40 samples",
        "  accuracy  92.5 %  (37 correct; 95 % interval 80.1 % to 97.4 %)",
        "  baseline  75.0 %  (always answering “other”)",
        "  log loss  0.457   ROC AUC 0.875",
        "",
        "  class  precision  recall     F1  samples",
        "  cat        0.889   0.800  0.842       10",
        "  other      0.935   0.967  0.951       30",
        "",
        "  true \\ predicted  cat  other",
        "  cat                 8      2",
        "  other               1     29",
    ]


def test_what_cannot_be_measured_is_not_shown() -> None:
    shown = evaluation_text(evaluation(("a", "b"), [[1, 0], [0, 0]], auc=float("nan")), "one")
    assert "one: 1 sample\n" in shown
    assert "AUC" not in shown
    assert "nan" not in shown


def test_ten_digits_fit_a_terminal() -> None:
    shown = evaluation_text(evaluation(tuple("0123456789"), np.full((10, 10), 1000)), "MNIST")
    assert "true \\ predicted" in shown
    assert max(map(columns, shown.splitlines())) <= 80


@pytest.mark.parametrize(
    "classes",
    [
        tuple(f"a rather long name, {i}" for i in range(4)),
        tuple("一二三四五六七八九十" + str(i) for i in range(4)),
        tuple(f"class {i}" for i in range(200)),
    ],
)
def test_where_the_matrix_is_too_wide_its_largest_confusions_are_told(
    classes: tuple[str, ...],
) -> None:
    confusion = 50 * np.eye(len(classes), dtype=int)
    confusion[2, 3], confusion[1, 0], confusion[0, 1] = 7, 9, 9
    shown = evaluation_text(evaluation(classes, confusion), "test").split("\n\n")[-1]
    rows = [line.split() for line in shown.splitlines()]
    assert rows[0] == ["most", "often", "mistaken", "for", "samples"]
    assert [row[-1] for row in rows[1:]] == ["9", "9", "7"]
    assert rows[1][:-1] == [*classes[0].split(), *classes[1].split()]
    assert max(map(columns, shown.splitlines())) <= 80


def test_where_nothing_was_mistaken() -> None:
    confusion = np.eye(30, dtype=int)
    shown = evaluation_text(evaluation(tuple(map(str, range(30))), confusion), "test")
    assert shown.endswith("  no sample was mistaken for one of another class")


# -- progress ------------------------------------------------------------------------------------


def epochs(*losses: float) -> Iterator[Epoch]:
    for i, loss in enumerate(losses, 1):
        yield Epoch(i, i, loss, 0.1, 1.25, {"loss": 2 * loss, "accuracy": 0.5, "auc": 0.25})


def test_a_log_gets_a_plain_line_an_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    stream = list(epochs(1.0, 0.25, 0.5))
    assert list(show_progress(iter(stream), 10)) == stream
    out, err = capsys.readouterr()
    assert out == ""
    rest = "accuracy 50.0 %  auc 0.2500  1.2 s"
    assert err.splitlines() == [
        f"epoch  1/10  loss 1.0000  validation loss 2.0000  {rest}",
        f"epoch  2/10  loss 0.2500  validation loss 0.5000  {rest}",
        f"epoch  3/10  loss 0.5000  validation loss 1.0000  {rest}",
    ]


def test_numbers_out_of_proportion_stay_short(capsys: pytest.CaptureFixture[str]) -> None:
    list(show_progress(iter([Epoch(1, 1, 8e17, 0.1, 0.0, {"loss": float("nan")})]), 1))
    assert capsys.readouterr().err == "epoch 1/1  loss 8e17  validation loss nan  0.0 s\n"


def test_the_usual_line_fits_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    usual = Epoch(40, 40, 0.1234, 0.1, 12.3, {"loss": 0.1234, "accuracy": 0.987})
    list(show_progress(iter([usual]), 40))
    assert len(capsys.readouterr().err.rstrip("\n")) <= 80


def test_nobody_listening_does_not_stop_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    for stream in (Full(), None):
        monkeypatch.setattr(sys, "stderr", stream)
        assert len(list(show_progress(epochs(1, 2), 2))) == 2
        say("to nobody")


def test_a_terminal_gets_lines_and_a_bar_that_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    list(show_progress(epochs(0.5, 0.25), 2))
    written = terminal.getvalue()
    assert "\x1b[?25h" in written  # the cursor is shown again
    for line in ("epoch 1/2  loss 0.5000", "epoch 2/2  loss 0.2500"):
        assert written.count(line) == 1
    assert written.count("1.2 s\n") == 2  # longer than the terminal is wide, and not cut
