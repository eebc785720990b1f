"""`python -m plainnet`, the same as `plainnet`."""

from plainnet.faces.command_line import main

main()
