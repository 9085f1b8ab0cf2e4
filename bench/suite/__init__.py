"""The file that pytest collects."""
