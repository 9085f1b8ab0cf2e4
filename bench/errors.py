"""The errors that tfbench raises on purpose. Their text names the thing and the next step."""


class TfbenchError(Exception):
    """Stop with one clear line; `main` and the pytest plugin turn it into an exit code."""

    def __str__(self) -> str:
        """Give the line; what would break it, or command a terminal, is written as an escape."""
        text = super().__str__()
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class BadInputError(TfbenchError):
    """Reject what the user asked for: an option, a folder or a file."""


class StorageError(TfbenchError):
    """Say that results could not be written, and how to go on from those that are."""


class BadRunError(BadInputError):
    """Reject a run.json that cannot be read as one of ours."""
