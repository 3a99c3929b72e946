"""The parts of the controller: traits, history, the render pipeline, which notebook cell made what."""
