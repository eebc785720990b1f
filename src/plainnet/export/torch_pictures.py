"""The code of PyTorch modules for layers of pictures, which take and return flat rows.

A row holds height, width and channels in this order; PyTorch's own layers want the channels first.
"""

PICTURE_MODULES: dict[str, str] = {
    "Conv2D": """\
        class Conv2D(torch.nn.Conv2d):
            def __init__(self, shape, channels, kernel, stride, pads, groups=1):
                super().__init__(shape[2], channels, kernel, stride, groups=groups)
                self.shape, self.pads = shape, pads

            def forward(self, X):
                X = X.unflatten(1, self.shape).permute(0, 3, 1, 2)
                Y = super().forward(torch.nn.functional.pad(X, self.pads))
                return Y.permute(0, 2, 3, 1).flatten(1)
        """,
    "DepthwiseConv2D": """\
        class DepthwiseConv2D(Conv2D):
            def __init__(self, shape, kernel, stride, pads):
                super().__init__(shape, shape[2], kernel, stride, pads, groups=shape[2])
        """,
    "BatchNorm2D": """\
        class BatchNorm2D(torch.nn.BatchNorm1d):
            def forward(self, X):
                pixels = X.reshape(-1, self.num_features)
                return super().forward(pixels).reshape(X.shape)
        """,
    "MaxPool2D": """\
        class MaxPool2D(torch.nn.Module):
            def __init__(self, shape, kernel, stride, pads):
                super().__init__()
                self.shape, self.pads, self.windows = shape, pads, (kernel, stride)

            def forward(self, X):
                X = X.unflatten(1, self.shape).permute(0, 3, 1, 2)
                X = torch.nn.functional.pad(X, self.pads, value=-torch.inf)
                Y = torch.nn.functional.max_pool2d(X, *self.windows)
                return Y.permute(0, 2, 3, 1).flatten(1)
        """,
    "AveragePool2D": """\
        class AveragePool2D(torch.nn.Module):
            def __init__(self, shape, kernel, stride, pads):
                super().__init__()
                self.shape, self.pads, self.windows = shape, pads, (kernel, stride)

            def pool(self, X):
                X = torch.nn.functional.pad(X, self.pads)
                return torch.nn.functional.avg_pool2d(X, *self.windows)

            def forward(self, X):
                X = X.unflatten(1, self.shape).permute(0, 3, 1, 2)
                Y = self.pool(X) / self.pool(torch.ones_like(X))  # without the padding
                return Y.permute(0, 2, 3, 1).flatten(1)
        """,
    "GlobalAveragePool2D": """\
        class GlobalAveragePool2D(torch.nn.Module):
            def __init__(self, shape):
                super().__init__()
                self.shape = shape

            def forward(self, X):
                return X.unflatten(1, self.shape).mean((1, 2))
        """,
}
"""The code by the name of the layer; a class may derive from one above it."""
