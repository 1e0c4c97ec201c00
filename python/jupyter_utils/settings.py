"""The settings of the servers: the one module that reads them, documents them and prints them.

Each field of `Settings` is one environment variable, named as the field in capitals; of a proxy either letter case will
do. A line of `.env` in the current directory (`dotenv` has the rule) counts where the environment says nothing, if
this user has allowed the file. A value that is empty counts as unset, and quotes around a value are taken off, because
the list form of a compose file (`- JUPYTER_ROOT_DIR="/mnt/fs"`) leaves them in. Under systemd, a credential of the same
name (`LoadCredential=`) counts before `.env`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import platformdirs
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from .errors import DirectoryError, SettingsError
from .machine.accounts import others_here
from .machine.addresses import EVERYWHERE, LOOPBACK, is_loopback
from .machine.app import APP
from .machine.dotenv import DOTENV, read_allowed
from .machine.setting_types import Switch, UnixId  # noqa: TC001 - pydantic reads them
from .machine.tracking_address import understood
from .machine.urls import mask, place, sqlite_uri
from .machine.variables import LIBRARY, given, unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

DATABASE = "mlflow.db"
"""MLflow's database in MLFLOW_STORE_DIR, unless MLFLOW_BACKEND_STORE_URI names another."""
_CREDENTIALS = "CREDENTIALS_DIRECTORY"
_ADDRESS, _ADDRESS_PASSWORD = "mlflow_tracking_uri", "mlflow_tracking_password_file"


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def _not_a_volume(path: Any) -> Any:
    if isinstance(path, str) and not path.startswith(("/", "./", "../", "~/")):
        raise ValueError("begin it with /, ./, ../ or ~/, since docker-compose takes a bare name for a volume's")
    return path


def _of_library(name: str) -> Any:
    """Make the field of a setting that only the library reads."""
    return Field(default=LIBRARY[name].default, description=LIBRARY[name].description)


Port = Annotated[int, Field(ge=1, le=65535)]
Folder = Annotated[Path, AfterValidator(_absolute)]
Mounted = Annotated[Path, BeforeValidator(_not_a_volume), AfterValidator(_absolute)]


class Settings(BaseSettings):
    """What the environment, then `.env`, then the defaults say. Made by `read_settings`, which explains bad values."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    jupyter_port: Port = Field(default=18080, description="port of JupyterLab")
    mlflow_port: Port = Field(default=15000, description="port of the MLflow server")
    listen_address: str = Field(
        default=LOOPBACK,
        description="address that both servers listen on; where others reach it, MLflow asks for a password",
    )
    jupyter_utils_profile: Literal["user", "system", "container"] = Field(
        default="user",
        description="whose defaults: a user's (current directory, data folder), a unit's (/opt) or an image's "
        "(/opt; LISTEN_ADDRESS is then where the ports are published, and the servers listen on every address)",
    )
    jupyter_root_dir: Folder | None = Field(default=None, description="what the file browser can reach")
    jupyter_notebook_dir: Folder | None = Field(
        default=None, description="where the file browser opens; inside the former"
    )
    mlflow_store_dir: Folder | None = Field(default=None, description="where MLflow keeps mlflow.db and artifacts/")
    mlflow_backend_store_uri: str | None = Field(
        default=None, description="database of MLflow, e.g. postgresql://...; else MLFLOW_STORE_DIR"
    )
    mlflow_artifacts_destination: str | None = Field(
        default=None, description="where artifacts go, e.g. s3://bucket/path; else MLFLOW_STORE_DIR"
    )
    mlflow_store_group: str | None = Field(
        default=None, description="group that may read MLFLOW_STORE_DIR; without it only the user of the MLflow server"
    )
    mlflow_artifact_locations: str | None = Field(
        default=None,
        description="further folders or buckets in which experiments of this MLflow may keep artifacts, separated by "
        "commas; without it only its own",
    )
    mlflow_workers: Annotated[int, Field(ge=1, le=64)] = Field(
        default=1, description="worker processes of the MLflow server, each about 0.3 GB"
    )
    mlflow_static_prefix: Annotated[str, Field(pattern=r"^/\S*[^/\s]$")] | None = Field(
        default=None, description="path below which MLflow is served, with a slash at its beginning only"
    )
    mlflow_auth: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="password on MLflow's port: auto asks for one where other machines or accounts can reach it",
    )
    mlflow_admin_password_file: Folder | None = Field(
        default=None, description="file that holds the password of MLflow's administrator; else one made once"
    )
    mlflow_server_allowed_hosts: str | None = Field(
        default=None,
        description="more names under which MLflow is reached, separated by commas; with a port, at that one only",
    )
    mlflow_host: str | None = Field(
        default=None, description="host of an MLflow server that listens on MLFLOW_PORT, such as the container beside"
    )
    mlflow_tracking_uri: str | None = Field(
        default=None, description="an MLflow elsewhere: `lab` then starts none of its own"
    )
    mlflow_tracking_password_file: Folder | None = Field(
        default=None, description="file that holds the password with which notebooks log in to MLFLOW_TRACKING_URI"
    )
    mlflow_ui_url: str | None = Field(default=None, description="what links to MLflow point to; else the tracking URI")
    jupyter_utils_spool_dir: Folder | None = Field(
        default=None, description="where runs are kept until MLflow has them; else a folder of the user's state"
    )
    jupyter_utils_spool_gib: Annotated[float, Field(gt=0)] = Field(
        default=50, description="GiB of runs that may wait for a server; a call over it is refused, nothing is removed"
    )
    jupyter_utils_fsync: Literal["on", "off"] = Field(
        default="on", description="off: files that go into the lab's own artifact folder are not forced to the disk"
    )
    jupyter_utils_keep_outputs: Literal["on", "off"] = Field(
        default="on",
        description="off: outputs of cells that run while no page is there are lost, as in a plain JupyterLab",
    )
    jupyter_utils_keep: str | None = Field(
        default=None,
        description="variables of the shell that notebooks have all the same, such as PYTHONPATH, separated by commas; "
        "runs then say so",
    )
    jupyter_utils_notebook: Folder | None = _of_library("JUPYTER_UTILS_NOTEBOOK")
    jupyter_utils_save_seconds: Annotated[float, Field(gt=0)] = _of_library("JUPYTER_UTILS_SAVE_SECONDS")
    jupyter_utils_git_lock_seconds: Annotated[float, Field(gt=0)] = _of_library("JUPYTER_UTILS_GIT_LOCK_SECONDS")
    jupyter_utils_local_artifacts: Literal["on", "off"] = _of_library("JUPYTER_UTILS_LOCAL_ARTIFACTS")
    jupyter_utils_record_code: Literal["on", "off"] = _of_library("JUPYTER_UTILS_RECORD_CODE")
    jupyter_utils_record_inputs: Literal["on", "off"] = _of_library("JUPYTER_UTILS_RECORD_INPUTS")
    jupyter_utils_inputs_without: str | None = _of_library("JUPYTER_UTILS_INPUTS_WITHOUT")
    jupyter_utils_image_digest: str | None = _of_library("JUPYTER_UTILS_IMAGE_DIGEST")
    jupyter_token: str | None = Field(default=None, description="token of JupyterLab; else JUPYTER_TOKEN_FILE")
    jupyter_token_file: Folder | None = Field(default=None, description="file that holds the token; else one made once")
    jupyter_password_file: Folder | None = Field(
        default=None, description="file that holds a password, asked for at log-in"
    )
    jupyter_auth: Literal["token", "gateway"] = Field(
        default="token", description="gateway: no token, because something in front of JupyterLab authenticates"
    )
    jupyter_allowed_hosts: str | None = Field(
        default=None,
        description="names under which a proxy with TLS in front of JupyterLab is reached, separated by commas",
    )
    run_as_root: Switch = Field(
        default=False, description="any value but 0, false, no and off: the container's JupyterLab runs as root"
    )
    container_uid: UnixId = Field(default=1000, description="user id in the container")
    container_gid: UnixId = Field(default=1000, description="group id in the container")
    http_proxy: str | None = Field(default=None, description="proxy for http://, in either letter case")
    https_proxy: str | None = Field(default=None, description="proxy for https://, in either letter case")
    no_proxy: str | None = Field(default=None, description="hosts reached without proxy; local names are always added")
    extra_ca_certs: Mounted | None = Field(
        default=None,
        description="PEM file of further certificate authorities, relative to the folder of .env; "
        "added to the host's bundle",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, *(_Found(settings_cls, values) for values in _sources().values())

    @property
    def for_library(self) -> dict[str, str]:
        """What a notebook must be told of the settings that only the library reads: those that are given."""
        return {name: str(getattr(self, name.lower())) for name in LIBRARY if name.lower() in self.model_fields_set}

    @property
    def root_dir(self) -> Path:
        """What the file browser can reach."""
        default = Path.cwd() if self.jupyter_utils_profile == "user" else Path("/opt/jupyter")
        return self.jupyter_root_dir or default

    @property
    def notebook_dir(self) -> Path:
        """Where the file browser opens.

        Raises:
            DirectoryError: it lies outside of `root_dir`.
        """
        if self.jupyter_notebook_dir is None:
            return self.root_dir
        if not self.jupyter_notebook_dir.resolve().is_relative_to(self.root_dir.resolve()):
            raise DirectoryError(
                f"JUPYTER_NOTEBOOK_DIR={self.jupyter_notebook_dir} lies outside of JUPYTER_ROOT_DIR={self.root_dir}: "
                "JupyterLab can only open there what its file browser can reach. "
                "Choose a directory inside JUPYTER_ROOT_DIR, or a higher JUPYTER_ROOT_DIR."
            )
        return self.jupyter_notebook_dir

    @property
    def store_dir(self) -> Path:
        """Where MLflow keeps its data."""
        if self.mlflow_store_dir:
            return self.mlflow_store_dir
        if self.jupyter_utils_profile == "user":
            return platformdirs.user_data_path(APP) / "mlflow"
        return Path("/opt/mlflow")

    @property
    def spool_dir(self) -> Path:
        """Where `save_mlflow` keeps runs until MLflow has them."""
        return self.jupyter_utils_spool_dir or platformdirs.user_state_path(APP) / "spool"

    @property
    def backend_store_uri(self) -> str:
        """MLflow's database as SQLAlchemy writes it."""
        return self.mlflow_backend_store_uri or sqlite_uri(self.store_dir / DATABASE)

    @property
    def artifacts_destination(self) -> str:
        """Where the MLflow server keeps the artifacts that it is sent."""
        return self.mlflow_artifacts_destination or str(self.store_dir / "artifacts")

    @property
    def other_mlflow(self) -> str | None:
        """The MLflow that is used instead of one that is started here."""
        prefix = self.mlflow_static_prefix or ""
        beside = f"http://{self.mlflow_host}:{self.mlflow_port}{prefix}" if self.mlflow_host else None
        return understood(self.mlflow_tracking_uri) if self.mlflow_tracking_uri else beside

    @property
    def bind_address(self) -> str:
        """What the servers listen on; inside of a container everything, since publishing settles who can reach it."""
        return EVERYWHERE if self.jupyter_utils_profile == "container" else self.listen_address

    @property
    def is_local(self) -> bool:
        """Whether nothing but this machine can reach the servers."""
        return is_loopback(self.listen_address)

    @property
    def mlflow_asks_password(self) -> bool:
        """Whether the MLflow server asks for a password."""
        return self.mlflow_auth == "on" or (self.mlflow_auth == "auto" and self.reached_by is not None)

    @property
    def reached_by(self) -> str | None:
        """Who besides this user can reach MLflow's port; None where nobody can, as far as can be seen from here."""
        if not self.is_local:
            return "other machines"
        # The accounts of a container are no people, and its host's cannot be seen.
        return None if self.jupyter_utils_profile == "container" else others_here()


class _Found(PydanticBaseSettingsSource):
    """Settings that one place gives."""

    def __init__(self, settings_cls: type[BaseSettings], values: dict[str, str]) -> None:
        super().__init__(settings_cls)
        self._values = values

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        return self._values.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return self._values


def _sources() -> dict[str, dict[str, str]]:
    """Return what each place says, by field; the first counts."""
    written = _by_field(read_allowed())
    found = {"environment": _by_field(os.environ), "credential": _credentials(), DOTENV: written}
    named = [understood(values[_ADDRESS]) for values in found.values() if _ADDRESS in values]
    if _ADDRESS in written and place(named[0]) != place(named[-1]):
        # The password that stands beside an address is for that one; the address that counts is another server's.
        written.pop(_ADDRESS_PASSWORD, None)
    return found


def _by_field(values: Mapping[str, str]) -> dict[str, str]:
    """Take what is ours and not empty, without quotes and blanks."""
    found = {}
    for name in Settings.model_fields:
        names = [name.upper(), name] if name.endswith("_proxy") else [name.upper()]
        found[name] = next(filter(None, (unquote(values.get(one, "")) for one in names)), "")
    return {name: value for name, value in found.items() if value}


def _credentials() -> dict[str, str]:
    """Return the credentials that systemd hands to a service (`LoadCredential=` in systemd.exec(5)).

    One that bears the name of a setting is its value; of a setting that names a file, it is that file. An empty one
    counts as unset, so that a unit can have one that may be missing.
    """
    folder = given(_CREDENTIALS)
    files = {name: Path(folder, name.upper()) for name in Settings.model_fields} if folder else {}
    values = {name: unquote(file.read_text(encoding="utf-8")) for name, file in files.items() if file.is_file()}
    return {name: str(files[name]) if name.endswith("_file") else value for name, value in values.items() if value}


def read_settings() -> Settings:
    """Read the environment and `.env`.

    Raises:
        SettingsError: `.env` cannot be read, or a value cannot be used; the message names the line, or the variable,
            the value and what is accepted.

    """
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(detail) for detail in error.errors())) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"A credential of systemd's cannot be read ({error}): correct or remove it.") from None


def _explain(detail: Any) -> str:
    name = str(detail["loc"][0])
    message = str(detail["msg"]).removeprefix("Value error, ")
    shown = mask(str(detail["input"]))
    what = Settings.model_fields[name].description
    return f"{name.upper()}={shown!r} cannot be used: {message}. It means: {what}. Correct or unset it."


@dataclass(frozen=True)
class Row:
    """One line of the table that `jupyter-utils settings` prints."""

    name: str
    value: str
    origin: str
    description: str


_SECRET = {"jupyter_token"}  # others are masked where they hold a password
# What a setting means where it is not given: another property of `Settings`.
_EFFECTIVE = {
    "jupyter_root_dir": "root_dir",
    "jupyter_notebook_dir": "notebook_dir",
    "mlflow_store_dir": "store_dir",
    "mlflow_backend_store_uri": "backend_store_uri",
    "mlflow_artifacts_destination": "artifacts_destination",
    "jupyter_utils_spool_dir": "spool_dir",
}


def table(settings: Settings) -> list[Row]:
    """Return every setting with its present value, where that comes from, and what it means; secrets are masked."""
    origins: dict[str, str] = {}
    for origin, values in _sources().items():
        origins = dict.fromkeys(values, origin) | origins
    return [
        Row(name.upper(), _shown(settings, name), origins.get(name, "default"), field.description or "")
        for name, field in Settings.model_fields.items()
    ]


def _shown(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    if value is not None and name in _SECRET:
        return "***"
    if value is None and name in _EFFECTIVE:
        value = getattr(settings, _EFFECTIVE[name])
    return "" if value is None else mask(str(value))
