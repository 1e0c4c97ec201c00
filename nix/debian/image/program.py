"""Write one command from one line of shell. Attributes: name, script."""

from store import argument, output, write_program

write_program(output() / "bin" / argument("name"), argument("script"))
