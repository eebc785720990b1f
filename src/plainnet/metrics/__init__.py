"""How good answers are: metrics, curves, calibration, evaluations; may import files and below."""
