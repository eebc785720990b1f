"""`plainnet serve` without what it needs."""

import subprocess
import sys


def test_without_the_extra_the_command_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['starlette'] = None; sys.argv = ['plainnet', 'serve', 'run'];"
        "from plainnet.cli.command_line import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "starlette" in done.stderr
    assert "lab" in done.stderr
    assert "Traceback" not in done.stderr
