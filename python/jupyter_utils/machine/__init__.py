"""The machine as the rest sees it: files, ports, addresses, what runs. Knows neither servers nor runs."""
