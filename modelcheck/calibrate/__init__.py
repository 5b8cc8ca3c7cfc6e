"""Models whose times are measured: executions are read, taken apart into tasks and gaps, and become delays."""

from __future__ import annotations

from .calibration import Agreement, Calibration, calibrate
from .measured import Measurements, Span, read_measurements

__all__ = ["Agreement", "Calibration", "Measurements", "Span", "calibrate", "read_measurements"]
