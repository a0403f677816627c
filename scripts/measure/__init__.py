"""Run the experiments of a page over their seeds and commit the results with their provenance."""

from scripts.measure.states import Standing, standing

__all__ = ["Standing", "standing"]
