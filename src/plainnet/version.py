"""The version of plainnet, in its only place."""

__version__ = "0.1.0"
