"""A run that is run again: what there is of it, a folder to run it in, and the report on what came of it."""
