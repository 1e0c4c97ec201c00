"""Outputs of cells that run while no page is there: they are kept, shown when one comes, and written to the file."""
