"""The faces: the command line. No mathematics here, and no training logic."""
