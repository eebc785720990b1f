"""Normalisation: mean 0 and variance 1, of each feature over a batch, or of each sample.

In both, the network then learns a scale and a shift, γ and β. The backward passes are derived in
`docs/derivations.md` and compared with finite differences in `tests/test_layers.py`. N samples are
rows, n features columns; see `layer.py` for the letters and the buffer rule.
"""

# Overrides: the base class documents them, and not each of them needs every argument.
# ruff: noqa: D102, ARG002

import math
from collections.abc import Sequence
from typing import Any

from plainnet.checks import check_number, check_whole
from plainnet.network.arrays import Array, Rng
from plainnet.network.initializers import Initializer
from plainnet.network.layer import Layer
from plainnet.network.windows import checked_shape, flat


class _Normalization(Layer):
    """The common part of both: Y = γ · X̂ + β, from the normalised inputs X̂."""

    gamma: Array  # (n,)
    beta: Array  # (n,)
    dgamma: Array
    dbeta: Array
    X_hat: Array  # (N, n), of the last forward
    s: Array  # 1 / √(σ² + ε), of each feature (n,) or of each sample (N,)

    formula = "Y = γ · (X − μ) / √(σ² + ε) + β"

    def __init__(self, n: int, epsilon: float, least: int) -> None:
        kind = type(self).__name__
        self.n = check_whole(f"number of features of {kind}", n, least)
        self.n_in = self.n_out = self.n
        # at least 1e-12: sums and quotients with it stay finite in float32
        self.epsilon = check_number(f"epsilon of {kind}", epsilon, "[1e-12, inf)")
        self.biases = {"gamma": (self.n,), "beta": (self.n,)}  # biases never decay

    def initialize(self, rng: Rng, suited: Initializer) -> None:
        self.gamma[...] = 1
        self.beta[...] = 0

    def _inverse(self, var: Array) -> Array:
        s = self.scratch("s", var.shape)
        self.xp.add(var, self.epsilon, out=s)
        self.xp.sqrt(s, out=s)
        self.xp.divide(1, s, out=s)  # s = 1 / √(σ² + ε)
        return s

    def _scaled(self) -> Array:
        Y = self.scratch("Y", self.X_hat.shape)
        self.xp.multiply(self.X_hat, self.gamma, out=Y)
        Y += self.beta  # Y = γ · X̂ + β
        return Y

    def _write_gradients(self, dY: Array) -> None:
        ones, product = self.scratch("ones", (len(dY),), fill=1), self.scratch("product", dY.shape)
        self.xp.multiply(dY, self.X_hat, out=product)
        self.xp.dot(ones, product, out=self.dgamma)  # dγ = Σ_N dY · X̂
        self.xp.dot(ones, dY, out=self.dbeta)  # dβ = Σ_N dY


class BatchNorm(_Normalization):
    """Y = γ · (X − μ) / √(σ² + ε) + β, with the mean μ and variance σ² of each feature.

    Ioffe, Szegedy: Batch normalization (2015), algorithms 1 and 2. While training, μ and σ² are
    those of the batch. The layer keeps running means of both, and predicts with these, so that a
    prediction depends on its own sample alone. The running variance is the unbiased one,
    Σ (X − μ)² / (N − 1), as in the paper and in PyTorch.

    A batch of one sample, which may be the last of an epoch, has no variance. It is normalised with
    the running means and does not change them. Sample weights do not count in μ and σ².

    >>> Network([Dense(2, 8), BatchNorm(8), ReLU(), Dense(8, 1)])
    Network(2 → Dense 8 → BatchNorm 8 → ReLU → Dense 1; 49 parameters)

    Args:
        n: number of features.
        momentum: the share of the newest batch in the running means, 0 < momentum ≤ 1.
        epsilon: ε, which keeps the division finite where a feature is constant.

    Raises:
        SettingError: a setting is out of its range.
    """

    mean: Array  # (n,), the running mean
    var: Array  # (n,), the running variance

    backward_formulas = (
        "dγ = Σ_N dY · X̂",
        "dβ = Σ_N dY",
        "dX = γ s · (dY − dβ / N − X̂ · dγ / N)",
    )

    def __init__(self, n: int, momentum: float = 0.1, epsilon: float = 1e-5) -> None:
        super().__init__(n, epsilon, least=1)
        self.momentum = check_number("momentum of BatchNorm", momentum, "(0, 1]")
        self.state = {"mean": (self.n,), "var": (self.n,)}
        self.of_batch = False

    @property
    def settings(self) -> dict[str, Any]:
        return {"n": self.n, "momentum": self.momentum, "epsilon": self.epsilon}

    def initialize(self, rng: Rng, suited: Initializer) -> None:
        super().initialize(rng, suited)
        self.mean[...] = 0
        self.var[...] = 1

    def forward(self, X: Array, training: bool = False) -> Array:
        self.X_hat = self.scratch("X_hat", X.shape)
        self.of_batch = training and len(X) > 1
        if self.of_batch:
            var = self._center(X)
        else:
            var = self.var
            self.xp.subtract(X, self.mean, out=self.X_hat)
        self.s = self._inverse(var)
        self.X_hat *= self.s  # X̂ = (X − μ) / √(σ² + ε)
        return self._scaled()

    def folded(self, W: Array, b: Array) -> tuple[Array, Array]:
        """Return the weights and biases of one layer that predicts what two layers do.

        The first one computes X W + b, and this one follows it. A prediction normalises by the
        running means, which are constants: with a = γ / √(σ² + ε),
        a · (X W + b − μ) + β = X (W a) + (b − μ) a + β.

        Args:
            W: `(n_in, n)`.
            b: `(n,)`.
        """
        a = self.gamma / self.xp.sqrt(self.var + self.epsilon)
        return W * a, (b - self.mean) * a + self.beta

    def _center(self, X: Array) -> Array:
        """Return σ² of the batch, and write X − μ into X̂."""
        N, ones = len(X), self.scratch("ones", (len(X),), fill=1)
        mu, var = self.scratch("mu", (self.n,)), self.scratch("var", (self.n,))
        squares = self.scratch("product", X.shape)
        self.xp.dot(ones, X, out=mu)  # as a product, as in Dense: faster than sum
        mu *= 1 / N  # μ = 1/N Σ_N X
        self.xp.subtract(X, mu, out=self.X_hat)
        self.xp.multiply(self.X_hat, self.X_hat, out=squares)
        self.xp.dot(ones, squares, out=var)
        var *= 1 / N  # σ² = 1/N Σ_N (X − μ)²
        self.remember(mu, var, N)
        return var

    def remember(self, mu: Array, var: Array, N: int) -> None:
        """Add μ and σ² of a batch of N rows to the running means."""
        if math.isfinite(float(var.sum())):  # else the training ends here, with finite means
            self._remember(self.mean, mu, 1)
            self._remember(self.var, var, N / (N - 1))

    def _remember(self, running: Array, newest: Array, factor: float) -> None:
        share, sum_ = self.scratch("row", newest.shape), self.scratch("sum", newest.shape)
        self.xp.multiply(newest, self.momentum * factor, out=share)
        self.xp.multiply(running, 1 - self.momentum, out=sum_)
        sum_ += share
        running[...] = sum_  # at once, because other threads may be predicting with it:
        # running ← (1 − momentum) running + momentum · newest

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        self._write_gradients(dY)
        if not need_dX:
            return None
        row, product = self.scratch("row", (self.n,)), self.scratch("product", dY.shape)
        if self.of_batch:  # else μ and σ² are constants
            self.xp.multiply(self.dgamma, 1 / len(dY), out=row)
            self.xp.multiply(self.X_hat, row, out=product)
            dY -= product
            self.xp.multiply(self.dbeta, 1 / len(dY), out=row)
            dY -= row
        self.xp.multiply(self.gamma, self.s, out=row)
        dY *= row  # dX = γ s · (dY − dβ / N − X̂ · dγ / N)
        return dY


class BatchNorm2D(BatchNorm):
    """BatchNorm of each channel: every pixel of every picture is a row, its channels the features.

    So N, in the formulas, is the number of samples times the pixels of each. One picture of several
    pixels has a variance, and is normalised by its own.

    >>> Network([Conv2D((8, 8, 3), 4), BatchNorm2D((8, 8, 4)), ReLU()])
    Network(192 → Conv2D 256 → BatchNorm2D 256 → ReLU; 120 parameters)

    Args:
        shape: height, width and channels of the pictures.
        momentum: the share of the newest batch in the running means, 0 < momentum ≤ 1.
        epsilon: ε, which keeps the division finite where a channel is constant.

    Raises:
        SettingError: a setting is out of its range.
    """

    shape_in: tuple[int, int, int]

    def __init__(self, shape: Sequence[int], momentum: float = 0.1, epsilon: float = 1e-5) -> None:
        self.shape_in = self.shape_out = checked_shape("BatchNorm2D", shape)
        super().__init__(self.shape_in[2], momentum, epsilon)
        self.n_in = self.n_out = flat(self.shape_in)

    @property
    def settings(self) -> dict[str, Any]:
        shape = [*self.shape_in]
        return {"shape": shape, "momentum": self.momentum, "epsilon": self.epsilon}

    def forward(self, X: Array, training: bool = False) -> Array:
        return super().forward(X.reshape((-1, self.n)), training).reshape(X.shape)

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        dX = super().backward(dY.reshape((-1, self.n)), need_dX)
        return None if dX is None else dX.reshape(dY.shape)


class LayerNorm(_Normalization):
    """Y = γ · (X − μ) / √(σ² + ε) + β, with the mean μ and variance σ² of each sample.

    Ba, Kiros, Hinton: Layer normalization (2016), eqs. 3 and 4. Samples do not depend on each
    other: training and prediction compute the same, for batches of any size.

    >>> Network([Dense(2, 8), LayerNorm(8), ReLU(), Dense(8, 1)])
    Network(2 → Dense 8 → LayerNorm 8 → ReLU → Dense 1; 49 parameters)

    Args:
        n: number of features, at least 2: a single one would always become 0.
        epsilon: ε, which keeps the division finite where all features are equal.

    Raises:
        SettingError: a setting is out of its range.
    """

    backward_formulas = (
        "dγ = Σ_N dY · X̂",
        "dβ = Σ_N dY",
        "dX = s · (dX̂ − mean of dX̂ − X̂ · mean of dX̂ · X̂)",
    )

    def __init__(self, n: int, epsilon: float = 1e-5) -> None:
        super().__init__(n, epsilon, least=2)

    @property
    def settings(self) -> dict[str, Any]:
        return {"n": self.n, "epsilon": self.epsilon}

    def forward(self, X: Array, training: bool = False) -> Array:
        self.X_hat, squares = self.scratch("X_hat", X.shape), self.scratch("product", X.shape)
        mu = self._row_means(X, "mu")  # μ = 1/n Σ_n X
        self.xp.subtract(X, mu[:, None], out=self.X_hat)
        self.xp.multiply(self.X_hat, self.X_hat, out=squares)
        self.s = self._inverse(self._row_means(squares, "var"))  # σ² = 1/n Σ_n (X − μ)²
        self.X_hat *= self.s[:, None]  # X̂ = (X − μ) / √(σ² + ε)
        return self._scaled()

    def _row_means(self, A: Array, name: str) -> Array:
        """Compute the mean of each row, `(N,)`."""
        ones, means = self.scratch("ones_n", (self.n,), fill=1), self.scratch(name, (len(A),))
        self.xp.dot(A, ones, out=means)
        means *= 1 / self.n
        return means

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        self._write_gradients(dY)
        if not need_dX:
            return None
        product = self.scratch("product", dY.shape)
        dY *= self.gamma  # dX̂ = γ · dY
        self.xp.multiply(dY, self.X_hat, out=product)
        along = self._row_means(product, "along")  # the mean of dX̂ · X̂
        mean = self._row_means(dY, "mean")  # the mean of dX̂
        self.xp.multiply(self.X_hat, along[:, None], out=product)
        dY -= product
        dY -= mean[:, None]
        dY *= self.s[:, None]  # dX = s · (dX̂ − mean of dX̂ − X̂ · mean of dX̂ · X̂)
        return dY
