"""Demo material: the drawn animals and the tutorial's run; it may import `classifier` and below."""
