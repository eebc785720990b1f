"""The command line: one module for each command, no mathematics. May import all but `sklearn`."""
