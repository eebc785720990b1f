"""Servers that `benchmarks/serving.py` compares with, as their documentation writes them."""
