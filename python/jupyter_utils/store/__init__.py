"""MLflow's data: what lies in its folder, its tables, backups, imports and copies."""
