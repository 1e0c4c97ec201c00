"""`jupyter-utils bucket`: the bucket of an S3 store for MLflow's artifacts, made where it is not there yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenacity import RetryError, retry, retry_if_exception, stop_after_delay, wait_fixed

from jupyter_utils.errors import SettingsError
from jupyter_utils.machine.urls import mask, said
from jupyter_utils.machine.variables import given

if TYPE_CHECKING:
    from collections.abc import Callable

# MLflow's own variable for S3 servers that are not Amazon's.
ENDPOINT = "MLFLOW_S3_ENDPOINT_URL"
_ABSENT, _SERVER_ERROR = 404, 500
START_SECONDS = 120
"""How long a server that is only starting is waited for."""


def make_bucket(name: str) -> bool:
    """Make the bucket `name` at MLFLOW_S3_ENDPOINT_URL (Amazon's without it); False if it is there already.

    Raises:
        SettingsError: the server does not answer, or refuses.
    """
    import boto3  # slow to import
    from botocore.exceptions import BotoCoreError, ClientError

    endpoint = given(ENDPOINT) or None
    client = boto3.client("s3", endpoint_url=endpoint)
    patient: Callable[..., Any] = retry(
        retry=retry_if_exception(_may_pass),
        stop=stop_after_delay(START_SECONDS),
        wait=wait_fixed(1),
    )
    where = mask(endpoint or "Amazon S3")
    try:
        try:
            patient(client.head_bucket)(Bucket=name)
        except ClientError as error:
            if _status(error) != _ABSENT:
                raise
        else:
            return False
        region = client.meta.region_name
        place = (
            {"CreateBucketConfiguration": {"LocationConstraint": region}} if region not in {None, "us-east-1"} else {}
        )
        patient(client.create_bucket)(Bucket=name, **place)
    except RetryError:
        raise SettingsError(
            f"No S3 server answers at {where} ({ENDPOINT}): start it, or correct the address."
        ) from None
    except (BotoCoreError, ClientError) as error:
        raise SettingsError(
            f"The S3 server at {where} refuses the bucket {name!r} ({said(error)}): "
            "see AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_DEFAULT_REGION and the bucket's name."
        ) from None
    return True


def _status(error: Any) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _may_pass(error: BaseException) -> bool:
    """Return whether the server may only be starting: it cannot be connected to, or says that it cannot answer now."""
    from botocore.exceptions import (
        ClientError,
        EndpointConnectionError,
        HTTPClientError,
    )

    if isinstance(error, ClientError):
        return _status(error) >= _SERVER_ERROR
    return isinstance(error, EndpointConnectionError | HTTPClientError)
