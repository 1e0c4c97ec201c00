"""Which environment this is."""
