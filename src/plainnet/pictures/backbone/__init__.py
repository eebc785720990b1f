"""A frozen network in an ONNX file that makes features of pictures; may import data and below."""

from plainnet.pictures.backbone.backbone import Backbone

__all__ = ["Backbone"]
