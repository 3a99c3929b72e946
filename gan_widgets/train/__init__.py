"""Networks, data, training and the generator that ships with the package; no Jupyter."""
