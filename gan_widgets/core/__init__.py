"""Read and edit a live generator: torch and numpy only, no Jupyter."""
