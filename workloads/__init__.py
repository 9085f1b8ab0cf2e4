"""The work that is measured, each with a reference that gives the right answer."""
