"""Run the experiments of a page over their seeds and commit the results with their provenance."""
