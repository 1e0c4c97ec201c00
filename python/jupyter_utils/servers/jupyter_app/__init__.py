"""What runs inside of JupyterLab's process."""
