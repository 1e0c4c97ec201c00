"""What users call: saving a run, loading it, and what is on its way to MLflow."""
