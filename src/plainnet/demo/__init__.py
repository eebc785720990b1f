"""The drawn animals of the demo, and the tutorial's run; may import models and below."""
