"""plainnet: neural networks in plain sight."""
