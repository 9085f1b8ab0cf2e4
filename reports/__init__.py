"""Turn runs into DataFrames, tables and the command line."""
