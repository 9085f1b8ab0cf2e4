"""Measure TensorFlow workloads: cases, workers, rounds, and the pytest front."""
