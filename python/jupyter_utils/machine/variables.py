"""Every environment variable that this package reads by name, and the only place that reads one.

Plain data and the standard library alone: `import jupyter_utils` and every kernel load this, and pydantic would take
longer than all the rest. `settings` makes fields of `LIBRARY`, so that they stand in `.env`, are checked and printed.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import NamedTuple

from jupyter_utils.errors import SettingsError

_QUOTES = "\"'"
_BLANKS = " \t\r\n"


class Variable(NamedTuple):
    """A setting that only the library reads."""

    default: str | float | None
    description: str


LIBRARY = {
    "JUPYTER_UTILS_NOTEBOOK": Variable(
        None, "notebook that save_mlflow commits, where the front end does not tell which one calls"
    ),
    "JUPYTER_UTILS_SAVE_SECONDS": Variable(
        120.0, "seconds that save_mlflow waits at most for a connected browser to save the notebook"
    ),
    "JUPYTER_UTILS_GIT_LOCK_SECONDS": Variable(
        30.0, "seconds that save_mlflow waits at most while another Git command holds the repository"
    ),
    "JUPYTER_UTILS_LOCAL_ARTIFACTS": Variable(
        "on", "off: files go to an MLflow on this machine through HTTP, as to any other, not straight into its folder"
    ),
    "JUPYTER_UTILS_RECORD_CODE": Variable(
        "on", "off: runs keep neither the code that ran, nor the list of cells, nor how save_mlflow was called"
    ),
    "JUPYTER_UTILS_RECORD_INPUTS": Variable(
        "on", "off: runs do not record which files were read, but for those that record_input names"
    ),
    "JUPYTER_UTILS_INPUTS_WITHOUT": Variable(
        None, "folders whose files runs do not record as inputs, separated by commas"
    ),
    "JUPYTER_UTILS_IMAGE_DIGEST": Variable(None, "digest of the container's image, which every run then records"),
}

SHARED = frozenset(
    {
        "EXTRA_CA_CERTS",
        "JUPYTER_PASSWORD_FILE",
        "JUPYTER_TOKEN",
        "JUPYTER_UTILS_FSYNC",
        "JUPYTER_UTILS_KEEP_OUTPUTS",
        "JUPYTER_UTILS_PROFILE",
        "JUPYTER_UTILS_SPOOL_DIR",
        "JUPYTER_UTILS_SPOOL_GIB",
        "MLFLOW_ARTIFACTS_DESTINATION",
        "MLFLOW_ARTIFACT_LOCATIONS",
        "MLFLOW_BACKEND_STORE_URI",
        "MLFLOW_STORE_GROUP",
        "MLFLOW_TRACKING_URI",
        "MLFLOW_UI_URL",
    }
)
"""Fields of `settings.Settings` that are also read where no settings are: in notebooks, and in servers of ours."""

TOLD = frozenset(
    {
        "JUPYTER_UTILS_DOOR",
        "JUPYTER_UTILS_FORMATS",
        "JUPYTER_UTILS_OVERLAY",
        "JUPYTER_UTILS_RECIPE",
        "JUPYTER_UTILS_REPRODUCES",
        "JUPYTER_UTILS_STORE",
        "JUPYTER_UTILS_TOKEN",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION",
        "_MLFLOW_SERVER_ARTIFACT_ROOT",
        "_MLFLOW_SERVER_FILE_STORE",
        "_MLFLOW_SERVER_REGISTRY_STORE",
        "_MLFLOW_STATIC_PREFIX",
    }
)
"""By which one process of ours tells another; nobody sets them by hand."""

OTHERS = {
    "Git": ("EMAIL", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_NAME", "GIT_COMMITTER_EMAIL", "GIT_COMMITTER_NAME"),
    "JupyterHub": (
        "JUPYTERHUB_API_TOKEN",
        "JUPYTERHUB_PUBLIC_URL",
        "JUPYTERHUB_ROOT_DIR",
        "JUPYTERHUB_SERVICE_PREFIX",
        "JUPYTERHUB_SERVICE_URL",
    ),
    "Jupyter": ("JPY_API_TOKEN", "JPY_SESSION_NAME"),
    "Kubeflow": ("NB_PREFIX",),
    "MLflow": (
        "MLFLOW_AUTH_ADMIN_PASSWORD",
        "MLFLOW_AUTH_ADMIN_USERNAME",
        "MLFLOW_AUTH_CONFIG_PATH",
        "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD",
        "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD",
        "MLFLOW_ENABLE_WORKSPACES",
        "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES",
        "MLFLOW_HTTP_REQUEST_TIMEOUT",
        "MLFLOW_S3_ENDPOINT_URL",
        "MLFLOW_SERVER_ALLOWED_HOSTS",
        "MLFLOW_TRACKING_INSECURE_TLS",
        "MLFLOW_TRACKING_PASSWORD",
        "MLFLOW_TRACKING_SERVER_CERT_PATH",
        "MLFLOW_TRACKING_TOKEN",
        "MLFLOW_TRACKING_USERNAME",
    ),
    "numerical libraries": (
        "ATEN_CPU_CAPABILITY",
        "CUBLAS_WORKSPACE_CONFIG",
        "CUDA_DEVICE_ORDER",
        "CUDA_LAUNCH_BLOCKING",
        "CUDA_VISIBLE_DEVICES",
        "FLASH_ATTENTION_DETERMINISTIC",
        "MKL_CBWR",
        "MKL_NUM_THREADS",
        "NPY_DISABLE_CPU_FEATURES",
        "NUMEXPR_NUM_THREADS",
        "NVIDIA_TF32_OVERRIDE",
        "OMP_NUM_THREADS",
        "ONEDNN_MAX_CPU_ISA",
        "OPENBLAS_CORETYPE",
        "OPENBLAS_NUM_THREADS",
        "PYTHONHASHSEED",
        "TOKENIZERS_PARALLELISM",
        "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
    ),
    "systemd": ("CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET"),
    "tools of the network": (
        "CURL_CA_BUNDLE",
        "GIT_SSL_CAINFO",
        "NODE_EXTRA_CA_CERTS",
        "NO_PROXY",
        "PIP_CERT",
        "REQUESTS_CA_BUNDLE",
        "SSL_CERT_FILE",
        "no_proxy",
    ),
    "Python": ("PYTHONPATH",),
    "the system": ("ENV", "HOME", "PATH", "SHELL", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "ZDOTDIR"),
}
"""Variables of other programs that we heed, by whose they are."""

COMPUTING = OTHERS["numerical libraries"]
"""Those that decide what a computation gives, or in which order it adds: every run records them."""

_OURS = SHARED.union(LIBRARY)
_KNOWN = _OURS.union(TOLD, *OTHERS.values())


def raw(name: str) -> str | None:
    """Return a variable as it stands; None where it is not set."""
    if name not in _KNOWN:
        raise KeyError(f"{name} stands in none of the tables of {__name__}")
    return os.environ.get(name)


def given(name: str) -> str:
    """Return a variable; empty counts as unset. Of our own, what compose files leave around a value is taken off."""
    value = raw(name) or ""
    return unquote(value) if name in _OURS else value


def is_as_started(name: str, *, unless: str) -> bool:
    """Return whether a variable is what it was when this process began, or `unless`, which goes with it, is not."""
    before = _at_start()
    return before is None or before.get(unless) != raw(unless) or before.get(name) == raw(name)


@functools.cache
def _at_start() -> dict[str, str] | None:
    """Return the environment that this process was given; None where the system does not tell."""
    try:
        lines = Path("/proc/self/environ").read_bytes().split(b"\0")
    except OSError:
        return None
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in (line.partition(b"=") for line in lines) if _}


def take(name: str) -> str:
    """Return a variable and remove it, so that no child inherits it."""
    value = given(name)
    os.environ.pop(name, None)
    return value


def seconds(name: str) -> float:
    """Return a number of seconds, else its default.

    Raises:
        SettingsError: it is no number above 0.

    """
    text = given(name) or str(LIBRARY[name].default)
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not value > 0:
        raise SettingsError(f"{name}={text!r} is no number of seconds above 0: correct or unset it.")
    return value


def unquote(value: str) -> str:
    """Take blanks and quotes off, as often as they stand around each other: `'"/mnt/fs"'` becomes `/mnt/fs`."""
    value = value.strip(_BLANKS)
    while len(value) > 1 and value[0] == value[-1] and value[0] in _QUOTES:
        value = value[1:-1].strip(_BLANKS)
    return value
