"""Write one command: a script with the environment behind it and the tools at the end of the path.

Attributes: name, script, tools.
"""

from store import argument, output, write_program

write_program(
    output() / "bin" / argument("name"),
    f'export PATH="${{PATH:+$PATH:}}{argument("tools")}/bin"\n{argument("script")}',
)
