"""What is particular to containers: their settings' values, users, folders, and the entry that brings them together."""
