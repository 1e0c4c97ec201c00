"""What the lab loads into every kernel."""
