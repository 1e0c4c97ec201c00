"""Write one command: a script that sets the path and goes on as a program of the environment.

`jupyter-utils` (url, doctor, backup ...) is beside the command. Attributes: name, script, environment; path (a line of
shell for both), aside (lines of shell for `jupyter-utils` alone).
"""

from store import argument, output, write_program

commands = output() / "bin"
jupyter_utils = f'exec {argument("environment")}/bin/jupyter-utils "$@"'
write_program(commands / "jupyter-utils", f"{argument('path')}\n{argument('aside')}\n{jupyter_utils}")
write_program(commands / argument("name"), f"{argument('path')}\n{argument('script')}")
