"""The controls that promise P3 stands on, each with what it found and what to do about it."""

from gateway.cli.controls.checking import check_controls
from gateway.cli.controls.control import Control, Severity
from gateway.cli.controls.table import CHECKS

__all__ = ["CHECKS", "Control", "Severity", "check_controls"]
