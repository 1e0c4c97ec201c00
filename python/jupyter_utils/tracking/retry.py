"""What of an error means "later", what means "never", and asking again within bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from jupyter_utils.machine.urls import said

if TYPE_CHECKING:
    from collections.abc import Callable

_ATTEMPTS = 4
_LONGEST = 60.0
_CONFIRMED = 2
FIRST_WAIT, LONGEST_WAIT = 0.2, 3.0
"""Seconds until a request is repeated: at most the first before the second attempt, twice that before the next, ..."""
# Request timeout, too early, too many requests: the statuses below 500 that ask to come again.
_LATER = (408, 425, 429)
_SERVER_ERROR = 500
_LOGIN = (401, 403, 407)
_PROXY = 407
# MLflow calls trouble with its database a bad request (all connections in use, for one); SQLAlchemy's words tell.
_DATABASE = "https://sqlalche.me/"
Result = TypeVar("Result")


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status that an error of MLflow or of requests stands for; None for one that is no answer."""
    from mlflow import MlflowException

    response = getattr(error, "response", None)
    if response is not None:
        return int(response.status_code)
    if isinstance(error, MlflowException):
        # A connection that failed, too, is an internal error in MLflow's words.
        return int(error.get_http_status_code())
    return None


def is_later(error: BaseException) -> bool:
    """Tell whether the same request may succeed later: the server is down, busy, full, or does not let us in."""
    status = status_of(error)
    if _DATABASE in str(error):
        return True
    if status is None:
        # requests' own errors are of the first kind; a database whose driver is missing, of the second.
        return isinstance(error, OSError | ImportError)
    return status >= _SERVER_ERROR or status in _LATER or is_login(error)


def is_login(error: BaseException) -> bool:
    """Tell whether the server (or a proxy) does not know us: whoever sends with the right password may."""
    return status_of(error) in _LOGIN


def is_proxy(error: BaseException) -> bool:
    """Tell whether it is a proxy that does not know us, so that the server was not even asked."""
    return status_of(error) == _PROXY


class UnconfirmedError(OSError):
    """A server refused a request, but only once: it may have been a request that the network had mangled."""


class _Judge:
    """Decides whether to ask again: a refusal counts when it was heard twice."""

    def __init__(self) -> None:
        self.refusals = 0

    def __call__(self, error: BaseException) -> bool:
        if is_login(error):
            return False
        if is_later(error):
            return True
        if status_of(error) is None:  # no answer, but a mistake in this program
            return False
        self.refusals += 1
        return self.refusals < _CONFIRMED


def with_retries(work: Callable[..., Result], *arguments: Any) -> Result:
    """Do what may be done twice without harm, up to four times, and not again after a minute."""
    import tenacity

    judge = _Judge()
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(judge),
        wait=tenacity.wait_random_exponential(multiplier=FIRST_WAIT, max=LONGEST_WAIT),
        stop=tenacity.stop_after_attempt(_ATTEMPTS) | tenacity.stop_after_delay(_LONGEST),
        reraise=True,
    )
    try:
        return retrying(work, *arguments)
    except Exception as error:
        if judge.refusals == _CONFIRMED - 1 and not is_later(error) and status_of(error) is not None:
            raise UnconfirmedError(said(error)) from None
        raise
