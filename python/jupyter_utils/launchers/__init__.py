"""Starting, watching and ending JupyterLab and the MLflow server."""
