"""The errors a user is meant to read."""


class LiveStfError(Exception):
    """Base of every error whose text is one clear line: what is wrong and what to do. Programs print it and exit 2."""


def one_line(problem: BaseException, longest: int) -> str:
    """What an error of somebody else's code says, in one line of at most `longest` characters; its type where it says
    nothing."""
    return " ".join(str(problem).split())[:longest] or type(problem).__name__


class SourceError(LiveStfError):
    """A camera, file or stream cannot be opened or read."""


class ModelError(LiveStfError):
    """A model folder is missing, incomplete or does not fit."""


class PoseError(LiveStfError):
    """A pose estimator or a pose network cannot be opened, or does not fit."""


class AssetError(LiveStfError):
    """A file that is fetched on demand is not there and cannot be had."""


class DataError(LiveStfError):
    """A data set is not where it was said to be, or is not in its format."""


class EngineError(LiveStfError):
    """An engine cannot be built, or does not fit this model or this machine."""
