"""Metrics that MLflow's numbers cannot hold: infinities become 1.797e308 there, and all are floats of 64 bits.

Such a value goes to MLflow as near as it gets, and as it is into an artifact, from which `load_mlflow` restores it.
"""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

from jupyter_utils.artifacts.manifest import OWN_FOLDER

EXACT_METRICS = f"{OWN_FOLDER}/exact_metrics.json"


def exact(number: Any) -> dict[str, str] | None:
    """Return a number's type and text where a metric of MLflow is not equal to it; None where it is.

    >>> exact(float("inf")), exact(2**53 + 1), exact(0.1)
    ({'type': 'float', 'value': 'inf'}, {'type': 'int', 'value': '9007199254740993'}, None)
    """
    as_float = float(number)
    if math.isnan(as_float) or (math.isfinite(as_float) and bool(number == as_float)):
        return None
    if isinstance(number, int | float | Decimal | Fraction):
        kind = next(one for one in (int, float, Decimal, Fraction) if isinstance(number, one))
        return {"type": kind.__name__, "value": str(number)}
    import numpy as np

    if isinstance(number, np.longdouble):
        return {"type": "longdouble", "value": np.format_float_scientific(number, unique=True)}
    return {"type": "float", "value": repr(as_float)} if math.isinf(as_float) else None


def restored(kept: dict[str, str]) -> Any:
    """Return the number that was kept."""
    if kept["type"] == "longdouble":
        import numpy as np

        return np.longdouble(kept["value"])
    kinds: dict[str, Any] = {"int": int, "float": float, "Decimal": Decimal, "Fraction": Fraction}
    return kinds[kept["type"]](kept["value"])
