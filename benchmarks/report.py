"""The tables of a run."""

import statistics
from collections.abc import Sequence

from benchmarks.cases import CASES, Case
from benchmarks.goals import GOALS, Goal, share_of
from benchmarks.jobs import JOBS
from benchmarks.results import Results, our_best, title_of
from benchmarks.text_table import Row, Table
from benchmarks.units import bytes_text, rate_text, ratio_text, time_text, times_text


def step_table(results: Results, case: Case) -> Table:
    ours = our_best(case.key)
    rows = [step_row(results, case, name) for name in results.contenders(case.key)]
    headers = (
        "contender",
        "time of a step",
        f"speed of {title_of(ours, case.key)}",
        "10⁹ multiply-adds / s",
        "of the limit",
        "peak memory",
    )
    notes = [f"{case.multiply_adds:,} multiply-adds in a step.", *troubles(results, case.key)]
    return Table(case.title, headers, rows, notes)


def step_row(results: Results, case: Case, name: str) -> Row:
    title, spread = title_of(name, case.key), results.spread(case.key, name)
    if spread is None:
        return (title, results.trouble(case.key, name)[0], "", "", "", "")
    ours = our_best(case.key)
    ratio = results.ratio(case.key, name, ours) if name != ours else None
    share = share_of(results, case.key, name)
    memory = results.spread(case.key, name, "peak")
    return (
        title,
        times_text(spread),
        ratio_text(ratio) if ratio else "",
        rate_text(case.multiply_adds / spread.median),
        f"{share.median:.0%}" if share else "",
        bytes_text(memory.median) if memory else "",
    )


def job_table(results: Results, key: str) -> Table:
    figure = "bytes" if key == "installed" else "seconds"
    rows = [job_row(results, key, name, figure) for name in results.contenders(key)]
    compared = "beside plainnet's" if figure == "bytes" else "speed of plainnet"
    headers = ("contender", "size" if figure == "bytes" else "time", compared, "and")
    return Table(JOBS[key].title, headers, rows, troubles(results, key))


def job_row(results: Results, key: str, name: str, figure: str) -> Row:
    title, spread = title_of(name, key), results.spread(key, name, figure)
    if spread is None:
        return (title, results.trouble(key, name)[0], "", "")
    ratio = results.ratio(key, name, "ours", figure) if name != "ours" else None
    said = bytes_text(spread.median) if figure == "bytes" else times_text(spread)
    return (title, said, ratio_text(ratio) if ratio else "", beside(results, key, name))


def troubles(results: Results, key: str) -> list[str]:
    """A sentence for each contender that has no figure, or not in each round."""
    found = [(title_of(name, key), results.trouble(key, name)) for name in results.contenders(key)]
    return [f"{title}: {word}, {reason}." for title, (word, reason) in found if word]


def beside(results: Results, key: str, name: str) -> str:
    """What else is worth knowing of a job."""
    done = [m for m in results.of(key, name) if m["status"] == "ok"]
    if key == "mnist":
        epochs = ", ".join(str(m["epochs"]) for m in done)
        epoch = time_text(statistics.median(m["epoch"] for m in done))
        peak = bytes_text(max(m["peak"] for m in done))
        return f"{epoch} an epoch with its test; epochs: {epochs}; peak {peak}"
    if key == "table-job":
        fit, answers, accuracy = (
            statistics.median(m[figure] for m in done) for figure in ("fit", "answers", "accuracy")
        )
        parts = f"fit {time_text(fit)}, answers {time_text(answers)}"
        return f"{parts}; accuracy {accuracy:.1%}"
    if key == "folder":
        return f"{done[0]['pictures'] / done[0]['seconds']:,.0f} pictures a second"
    if key == "article-run":
        return f"last cost {done[0]['costs'][-1]:.6f}"
    if key == "installed":
        return f"{done[0]['packages']} packages"
    return ""


def goal_table(
    results: Results, goals: Sequence[Goal], title: str = "Goals", *, all_of_them: bool = True
) -> Table:
    rows: list[Row] = []
    for goal in goals:
        outcome = goal.outcome(results)
        if outcome is None and not all_of_them:
            continue
        said, met = outcome or ("not measured", None)
        verdict = {True: "met", False: "NOT MET", None: "—"}[met]
        rows.append((case_title(goal.case), goal.text, said, verdict))
    return Table(title, ("case", "goal", "measured", ""), rows, figures=False)


def load_table(quiet: Results, loaded: Results) -> Table:
    """The goals that compare times, measured quiet and under load."""
    rows: list[Row] = []
    for goal in GOALS:
        if goal.contenders:
            both = [goal.outcome(results) or ("not measured", None) for results in (quiet, loaded)]
            rows.append((case_title(goal.case), goal.text, *(said for said, _ in both)))
    headers = ("case", "goal", "quiet", "under load")
    return Table("Goals under load", headers, rows, figures=False)


def thread_table(loaded: Results) -> Table:
    """What one thread would give under load, beside plainnet's own choice."""
    rows: list[Row] = []
    for key in CASES:
        ours, one = (loaded.spread(key, name) for name in (our_best(key), "ours-one"))
        ratio = loaded.ratio(key, "ours-one", our_best(key))
        if ours and one and ratio:
            row = case_title(key), times_text(ours), times_text(one), ratio_text(ratio)
            rows.append(row)
    headers = ("case", "plainnet, train", "on one thread", "speed of plainnet, train")
    return Table("The number of threads under load", headers, rows)


def faster_table(results: Results) -> Table:
    """Whatever was faster than plainnet, of all that was tried."""
    rows: list[Row] = []
    for key in [*CASES, *JOBS]:
        ours = our_best(key)
        for name in results.contenders(key):
            if not name.startswith(("ours", "products")):
                ratio = results.ratio(key, name, ours)
                if ratio and ratio.median < 1:
                    rows.append((case_title(key), title_of(name, key), ratio_text(ratio)))
    nothing = [] if rows else ["Nothing that was tried."]
    headers = ("case", "contender", "speed of plainnet")
    return Table("Faster than plainnet", headers, rows, nothing, figures=False)


def case_title(key: str) -> str:
    return CASES[key].title if key in CASES else JOBS[key].title


def tables(results: Results) -> list[Table]:
    """All but the goals."""
    measured = {m["case"] for m in results.measurements}
    steps = [step_table(results, case) for key, case in CASES.items() if key in measured]
    return steps + [job_table(results, key) for key in JOBS if key in measured]
