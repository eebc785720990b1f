"""Augmentation: random variation of training pictures; may import training and below."""
