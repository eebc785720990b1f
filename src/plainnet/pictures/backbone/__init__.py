"""Backbones: frozen pretrained networks in ONNX files; may import data and below."""

from plainnet.pictures.backbone.backbone import Backbone

__all__ = ["Backbone"]
