"""The array types of this package: P problems, K draw sizes, G groups, B resamples."""

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

LEVEL = 0.95
"""Coverage of every interval that is printed."""
TOLERANCE = 1e-12
"""Means of rates are exact to about 1e-15; the smallest step that data can make is far larger."""
