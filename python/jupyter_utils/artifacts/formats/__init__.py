"""Writing values of each kind as files, and reading them back; `kinds` says which kind has which."""
