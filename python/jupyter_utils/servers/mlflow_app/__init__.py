"""What runs inside of the MLflow server's process."""
