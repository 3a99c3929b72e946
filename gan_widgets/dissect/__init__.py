"""Dissection: which unit stands for which concept, counted exactly."""
