"""Tensors on their way between a model and files: gathered, written storage by storage, and read back."""
