"""Metrics, curves, calibration, evaluations of answers; imports `files` and what stands below."""
