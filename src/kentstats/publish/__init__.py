"""Run the notebooks, render them, put the result in place."""
