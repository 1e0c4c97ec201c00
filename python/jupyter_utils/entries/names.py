"""How a client asks a server which names of artifacts its disk tells apart (see servers/mlflow_app/disk_names.py)."""

PATH = "/api/2.0/mlflow-artifacts/jupyter-utils/names"
LIMIT = 2000
"""Names in one question; of those that are in doubt at all."""
