"""A folder of artifacts, as MLflow 3.17 has it, of which no way leads out.

Imports MLflow: for `mlflow_artifacts` alone, in a server's process.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository
from mlflow.utils.uri import validate_path_is_safe

if TYPE_CHECKING:
    from .places import Places

_Folder: Any = LocalArtifactRepository


class ConfinedFolder(_Folder):  # type: ignore[misc]
    """A folder of artifacts of which no way leads out."""

    def __init__(self, places: Places, *names: Any, **more: Any) -> None:
        super().__init__(*names, **more)
        self._places = places

    def _checked(self, *names: Any) -> str:
        path = os.path.join(self.artifact_dir, *(str(name) for name in names if name))  # noqa: PTH118 - as MLflow
        # Whether a `..` is taken before links are followed or after; mostly there is none.
        if not all(self._places.holds(one) for one in {path, os.path.normpath(path)}):
            # In the words of what is not there: what lies elsewhere is nobody's business.
            shown = os.path.relpath(path, self.artifact_dir)
            raise MlflowException(f"No such artifact: '{shown}'", error_code=RESOURCE_DOES_NOT_EXIST)
        return path

    def get_local_path(self, artifact_path: str) -> Any:
        # What it answers, since it decodes the name before it looks.
        return self._checked(super().get_local_path(artifact_path))

    def _get_or_create_artifact_dir(self, artifact_path: str | None = None) -> Any:
        self._checked(artifact_path)
        return super()._get_or_create_artifact_dir(artifact_path)

    def _get_destination_artifact_path(self, name: str, artifact_path: str | None = None) -> Any:
        self._checked(artifact_path, Path(name).name)
        return super()._get_destination_artifact_path(name, artifact_path)

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        for file in Path(local_dir).rglob("*"):
            if file.is_file():
                below = file.parent.relative_to(local_dir).as_posix()
                self.log_artifact(str(file), os.path.normpath(f"{artifact_path or '.'}/{below}"))

    def list_artifacts(self, path: str | None = None) -> Any:
        self._checked(path)
        return [one for one in super().list_artifacts(path) if self._places.holds(self._joined(one.path))]

    def _joined(self, name: str) -> str:
        return f"{self.artifact_dir}/{name}"

    def _download_file(self, remote_file_path: str, local_path: str) -> Any:
        self._checked(validate_path_is_safe(remote_file_path))
        return super()._download_file(remote_file_path, local_path)

    def delete_artifacts(self, artifact_path: str | None = None) -> None:
        self._checked(artifact_path and unquote(artifact_path))
        super().delete_artifacts(artifact_path)

    def download_trace_data(self) -> Any:
        self._checked("traces.json")
        return super().download_trace_data()
