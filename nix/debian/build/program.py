"""Write one command: a script with the environment's programs at the front of the path and the tools at its end.

What a notebook or a terminal calls `python` is then the environment's, and the machine's own Git comes before ours.
`jupyter-utils` (url, doctor, backup ...) is beside the command. Attributes: name, script, environment, tools.
"""

from store import argument, output, write_program

PATH = f'export PATH="{argument("environment")}/bin:${{PATH:+$PATH:}}{argument("tools")}/bin"'

commands = output() / "bin"
write_program(commands / "jupyter-utils", f'{PATH}\nexec {argument("environment")}/bin/jupyter-utils "$@"')
write_program(commands / argument("name"), f"{PATH}\n{argument('script')}")
