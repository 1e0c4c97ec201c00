"""The commands of the console, a module a subject."""
