"""Starting processes, watching them, and ending all of them."""
