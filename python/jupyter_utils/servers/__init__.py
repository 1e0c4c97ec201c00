"""JupyterLab and the MLflow server: how they are started, and what notebooks inherit from them."""
