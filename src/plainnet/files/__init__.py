"""Files: atomic writing, locks, model files, rows on the disk; may import network and below."""
