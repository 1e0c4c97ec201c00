"""Commands of the console, where they are a group of their own."""
