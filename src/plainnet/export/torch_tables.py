"""The code of PyTorch modules for the layers of networks that learn from columns."""

from plainnet.network import (
    ByColumns,
    MemberDense,
    MemberMean,
    MemberScaling,
    PerMember,
    PiecewiseLinear,
    PiecewiseLinearEmbedding,
    SigmoidMemberMean,
    SoftmaxMemberMean,
)

TABLE_MODULES: dict[str, str] = {
    ByColumns.__name__: """\
        class ByColumns(torch.nn.ModuleList):
            def __init__(self, *branches):
                super().__init__(torch.nn.Sequential(*layers) for _, layers in branches)
                self.columns = [columns for columns, _ in branches]

            def forward(self, X):
                return torch.cat([layers(X[:, c]) for c, layers in zip(self.columns, self)], 1)
        """,
    PiecewiseLinear.__name__: """\
        class PiecewiseLinear(torch.nn.Module):
            def __init__(self, *bins, bounded=True):
                super().__init__()
                low, high, bins = torch.zeros(sum(bins)), torch.ones(sum(bins)), torch.tensor(bins)
                self.register_buffer("lower", low.clone())
                self.register_buffer("bin_width", high.clone())
                if not bounded:
                    high[bins.cumsum(0) - 1], low[bins.cumsum(0) - bins] = torch.inf, -torch.inf
                for name, value in (("bins", bins), ("low", low), ("high", high)):
                    self.register_buffer(name, value, persistent=False)

            def forward(self, X):
                Y = (X.repeat_interleave(self.bins, 1) - self.lower) / self.bin_width
                return Y.clamp(self.low, self.high)
        """,
    PiecewiseLinearEmbedding.__name__: """\
        class PiecewiseLinearEmbedding(PiecewiseLinear):
            def __init__(self, *bins, length, bounded=True):
                super().__init__(*bins, bounded=bounded)
                self.w = torch.nn.Parameter(torch.zeros(len(bins), length))
                self.V = torch.nn.Parameter(torch.zeros(sum(bins), length))
                self.bias = torch.nn.Parameter(torch.zeros(len(bins), length))

            def forward(self, X):
                parts = zip(super().forward(X).split(self.bins.tolist(), 1),
                            self.V.split(self.bins.tolist()))
                bent = torch.stack([P @ V for P, V in parts], 1)
                return (X[..., None] * self.w + self.bias + bent).flatten(1)
        """,
    MemberScaling.__name__: """\
        class MemberScaling(torch.nn.Module):
            def __init__(self, n, members):
                super().__init__()
                self.r = torch.nn.Parameter(torch.ones(members, n))

            def forward(self, X):
                return (X[:, None] * self.r).flatten(1)
        """,
    PerMember.__name__: """\
        class PerMember(torch.nn.Sequential):
            def __init__(self, members, *layers):
                super().__init__(*layers)
                self.members = members

            def forward(self, X):
                return super().forward(X.reshape(len(X) * self.members, -1)).reshape(len(X), -1)
        """,
    MemberDense.__name__: """\
        class MemberDense(torch.nn.Module):
            def __init__(self, n_in, n_out, members):
                super().__init__()
                self.weight = torch.nn.Parameter(torch.zeros(n_out, n_in, members))
                self.bias = torch.nn.Parameter(torch.zeros(members, n_out))

            def forward(self, X):
                X = X.unflatten(1, (self.weight.shape[2], -1))
                return (torch.einsum("bki,oik->bko", X, self.weight) + self.bias).flatten(1)
        """,
    MemberMean.__name__: """\
        class MemberMean(torch.nn.Module):
            def __init__(self, n, members):
                super().__init__()
                self.sizes = members, n

            def forward(self, X):
                return self.mean(X.unflatten(1, self.sizes))

            def mean(self, X):
                return X.mean(1)
        """,
    SoftmaxMemberMean.__name__: """\
        class SoftmaxMemberMean(MemberMean):
            def mean(self, X):
                return X.log_softmax(2).logsumexp(1) - torch.tensor(X.shape[1]).log()
        """,
    SigmoidMemberMean.__name__: """\
        class SigmoidMemberMean(MemberMean):
            def mean(self, X):
                yes = torch.nn.functional.logsigmoid(X)
                return yes.logsumexp(1) - (yes - X).logsumexp(1)
        """,
}
"""See `MODULES` in `torch_layers.py`; a base class stands before what derives from it."""
