"""Training pictures, varied as they might also have been taken; may import training and below."""
