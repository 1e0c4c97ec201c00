"""Large files in parts, by MLflow's multipart protocol, where the artifact store offers it: S3 (moto's server here)."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import boto3
import jupyter_utils
import pytest
import requests
import servers
from mlflow.store.artifact.http_artifact_repo import HttpArtifactRepository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIZE = 25 * 2**20


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run an S3 with one bucket; its address."""
    port = servers.free_port()
    for name, value in {"ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "x", "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    process = subprocess.Popen([sys.executable, "-m", "moto.server", "-p", str(port)], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.2)
        url = f"http://127.0.0.1:{port}"
        boto3.client("s3", endpoint_url=url).create_bucket(Bucket="artifacts")
        yield url
    finally:
        process.terminate()
        process.wait(30)


def test_parts(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large file goes in parts, past the server; one broken part is sent again; what arrives is the same."""
    content = os.urandom(SIZE)
    (tmp_path / "large.bin").write_bytes(content)
    sent: list[int] = []
    upload = HttpArtifactRepository._upload_part

    def part(credential: object, local_file: str, size: int, start_byte: int) -> object:
        sent.append(start_byte)
        if len(sent) == 2:
            raise requests.ConnectionError("line cut")
        return upload(credential, local_file, size, start_byte)

    monkeypatch.setattr(HttpArtifactRepository, "_upload_part", staticmethod(part))
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", str(20 * 2**20))
    store = {"MLFLOW_ARTIFACTS_DESTINATION": "s3://artifacts/store", "MLFLOW_S3_ENDPOINT_URL": bucket}
    with servers.mlflow(tmp_path, **store) as server:
        arguments = {"do_commit": False, "mlf_uri": server.mlflow_url}
        result = jupyter_utils.save_mlflow("parts", dataset={"large.bin": tmp_path / "large.bin"}, **arguments)
        assert result.is_stored, result
        assert jupyter_utils.load_mlflow(str(result.run_id), server.mlflow_url).run_id == result.run_id
    assert len(sent) == 6  # three parts, twice
    assert sorted(set(sent)) == [0, 10 * 2**20, 20 * 2**20]
    key = f"store/{result.experiment_id}/{result.run_id}/artifacts/dataset/large.bin"
    stored = boto3.client("s3", endpoint_url=bucket).get_object(Bucket="artifacts", Key=key)["Body"].read()
    assert stored == content
