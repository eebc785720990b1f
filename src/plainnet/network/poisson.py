"""A loss for counts, and any loss times a number."""

from numpy.typing import DTypeLike

from plainnet.checks import check_number
from plainnet.errors import DataError
from plainnet.network.arrays import Array
from plainnet.network.loss import Loss
from plainnet.network.losses import mean_weights
from plainnet.network.targets import real_targets


class PoissonDeviance(Loss):
    """J = mean of y ln(y/μ) − y + μ over samples and outputs, with the expected count μ = e^Z.

    This is half of the Poisson deviance, 0 where μ = y. It suits counts, and other numbers ≥ 0
    whose variance grows with their mean. y is `(N, K)` or `(N,)`. McCullagh, Nelder: Generalized
    linear models (1989), table 2.1.

    >>> PoissonDeviance().value_and_grad(np.array([[0.0]]), np.array([[1.0]]))[0]
    0.0
    """

    def check_targets(
        self, y: Array, n_samples: int, n_out: int, dtype: DTypeLike | None = None
    ) -> Array:
        """See `Loss`; the targets are numbers ≥ 0."""
        columns = real_targets(type(self).__name__, y, n_samples, n_out, dtype)
        if y.min() < 0:
            raise DataError(
                f"PoissonDeviance needs targets from 0 on, such as counts, but got values down to "
                f"{y.min()}; for numbers of either sign use MeanSquaredError."
            )
        return columns

    def value_and_grad(
        self, Z: Array, y: Array, weights: Array | None = None
    ) -> tuple[float, Array]:
        """See `Loss`."""
        y, r, xp = y.reshape(Z.shape), mean_weights(len(Z), weights), self.xp
        dZ = self.scratch(Z)
        xp.exp(Z, out=dZ)  # μ
        J_i = y * (xp.log(xp.where(y > 0, y, 1)) - Z) - y + dZ  # y ln(y/μ) − y + μ
        J = float((r * J_i).sum()) / Z.shape[1]
        dZ -= y
        dZ *= r
        dZ *= 1 / Z.shape[1]  # dZ = (μ − y) / (N K)
        return J, dZ

    def means(self, Z: Array) -> Array:
        """Compute the expected counts μ = e^Z, `(N, K)`."""
        mu: Array = self.xp.exp(Z)
        return mu


class Scaled(Loss):
    """c J: another loss times a number.

    With K outputs, c = K turns their mean into their sum; c = ½ gives the ½ (Z − y)² of many
    textbooks.

    >>> Scaled(MeanSquaredError(), 0.5).value_and_grad(np.array([[2.0]]), np.array([[0.0]]))[0]
    2.0

    Args:
        loss: J.
        factor: c > 0.

    Raises:
        SettingError: the factor is not above 0.
    """

    def __init__(self, loss: Loss, factor: float) -> None:
        self.loss = loss
        self.factor = check_number("factor of a loss", factor, "(0, inf)")

    def check_targets(
        self, y: Array, n_samples: int, n_out: int, dtype: DTypeLike | None = None
    ) -> Array:
        """See `Loss`; the targets are those of `loss`."""
        return self.loss.check_targets(y, n_samples, n_out, dtype)

    def value_and_grad(
        self, Z: Array, y: Array, weights: Array | None = None
    ) -> tuple[float, Array]:
        """See `Loss`."""
        J, dZ = self.loss.value_and_grad(Z, y, weights)
        dZ *= self.factor
        return self.factor * J, dZ

    @property
    def measured(self) -> Loss:
        """The loss without smoothing, times the number."""
        plain = self.loss.measured
        return self if plain is self.loss else Scaled(plain, self.factor)

    def metrics(self, Z: Array, y: Array, weights: Array | None = None) -> dict[str, float]:
        """Compute the metrics of `loss`."""
        return self.loss.metrics(Z, y, weights)
