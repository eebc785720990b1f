"""Features of pictures that are learned from the training pictures, without their classes."""
