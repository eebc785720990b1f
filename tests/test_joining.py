"""Several processes share one study: through a journal file, or a database."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_tuning import TRIALS, log_of, parts_of_test, study_of

from plainnet.errors import DataError, FileError
from plainnet.tuning.journal import Journal
from plainnet.tuning.material import Parts
from plainnet.tuning.space import Range
from plainnet.tuning.study import Study

pytest.importorskip("optuna", reason="optuna is not installed")

HELPER = """
import sys
from test_tuning import parts_of_test, study_of
study = study_of(parts_of_test(), journal=sys.argv[1], shared=True)
study.search(lambda trial: print(trial.number, flush=True))
"""


@pytest.fixture(scope="module")
def parts() -> Parts:
    return parts_of_test()


@pytest.fixture(scope="module")
def alone(parts: Parts) -> Study:
    study = study_of(parts)
    study.search()
    return study


def helper(where: str) -> "subprocess.Popen[str]":
    """Another process that works on the study."""
    paths = [str(Path(__file__).parent), *sys.path]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-c", HELPER, where]
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=env, text=True)


def test_processes_that_share_a_journal_get_the_log_of_one(
    parts: Parts, alone: Study, tmp_path: Path
) -> None:
    check_shared(str(tmp_path / "journal.log"), parts, alone)


def check_shared(where: str, parts: Parts, alone: Study) -> None:
    """Work on a study together with another process; all trials are counted once."""
    ours: list[int] = []
    with helper(where) as other:
        study = study_of(parts, journal=where, shared=True)
        study.search(lambda trial: ours.append(trial.number))
        theirs = [int(line) for line in other.communicate(timeout=120)[0].split()]
    assert other.returncode == 0
    assert sorted(ours + theirs) == [*range(TRIALS)]
    assert log_of(study) == log_of(alone)


# -- a database ----------------------------------------------------------------------------------


def _programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, which is often not on the path."""
    found = shutil.which("initdb")
    others = [*Path("/usr/lib/postgresql").glob("*/bin/initdb"), *([Path(found)] if found else [])]
    return others[-1].parent if others else None


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of its own, without a port."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    pytest.importorskip("pg8000", reason="pg8000 is not installed")
    user = "postgres" if os.getuid() == 0 else None  # it refuses to run as root
    if user is not None and shutil.which("runuser") is None:
        pytest.skip("PostgreSQL does not run as root, and there is no runuser")
    folder = Path("/tmp") / f"plainnet-postgres-{os.getpid()}"
    folder.mkdir()
    try:
        if user is not None:
            shutil.chown(folder, user)

        def run(program: str, *arguments: str) -> None:
            words = [str(programs / program), *arguments]
            command = words if user is None else ["runuser", "-u", user, "--", *words]
            done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
            assert done.returncode == 0, done.stderr

        data, log = str(folder / "data"), str(folder / "log")
        run("initdb", "-D", data, "-U", "tests", "--auth=trust", "--no-sync")
        how = f"-k {folder} -c listen_addresses='' -c fsync=off"
        run("pg_ctl", "-D", data, "-l", log, "-o", how, "-w", "start")
        try:
            yield f"postgresql+pg8000://tests@/postgres?unix_sock={folder}/.s.PGSQL.5432"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_processes_that_share_a_database_get_the_log_of_one(
    parts: Parts, alone: Study, database: str
) -> None:
    check_shared(f"{database}#pets", parts, alone)


def test_a_database_holds_several_studies(database: str) -> None:
    space = {"dropout": Range(0, 0.5)}
    for name, data in (("a", "1"), ("b", "2"), ("a", "1")):
        Journal(f"{database}#{name}", {"data": data}, False, space)
    with pytest.raises(DataError, match="another search"):
        Journal(f"{database}#a", {"data": "2"}, False, space)


@pytest.mark.parametrize(
    "address", ["postgresql+pg8000://a:secret@127.0.0.1:1/x", "nonsense+x://a", "://"]
)
def test_a_database_that_cannot_be_reached_is_a_sentence_without_its_password(
    address: str,
) -> None:
    with pytest.raises(FileError) as raised:
        Journal(address, {}, False, {"dropout": Range(0, 0.5)})
    assert "secret" not in str(raised.value)
