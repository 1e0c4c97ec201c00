"""Where something else than a user starts the servers: containers and systemd."""
