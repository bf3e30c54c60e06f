"""Errors with messages for users."""


class LiveStfError(Exception):
    """Base of all errors for users. The message is one line: what is wrong and what to do. Commands exit with 2."""


def one_line(problem: BaseException, longest: int) -> str:
    """An exception's message as one line of at most `longest` characters, or its type if it has no message."""
    return " ".join(str(problem).split())[:longest] or type(problem).__name__


class SourceError(LiveStfError):
    """A camera, file or stream cannot be opened or read."""


class ModelError(LiveStfError):
    """A model folder is missing, incomplete or does not fit."""


class PoseError(LiveStfError):
    """A pose estimator or a pose network cannot be opened, or does not fit."""


class AssetError(LiveStfError):
    """A file that is downloaded on demand is missing and cannot be downloaded."""


class DataError(LiveStfError):
    """A data set is missing, is not in its format, or does not fit the recipe."""


class EngineError(LiveStfError):
    """An engine cannot be built, or does not fit this model or this machine."""
