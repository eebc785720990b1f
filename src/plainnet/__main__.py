"""`python -m plainnet`, the same as `plainnet`."""

from plainnet.cli.command_line import main

main()
