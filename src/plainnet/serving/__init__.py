"""Trained models over HTTP: the Open Inference Protocol, `POST /predict` and a page to try them.

It may import everything below the command line, beside it `web` and the look of `reports`.
"""
