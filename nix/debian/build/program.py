"""Write one command: a script that sets the path and goes on as a program of the environment.

`jupyter-utils` (url, doctor, backup ...) is beside the command. Attributes: name, script, environment, recipe (its
folder); path (lines of shell for both), aside (lines of shell for `jupyter-utils` alone).
"""

from store import argument, output, write_program

out = output()
shared = out / "share" / "jupyter-utils"
shared.mkdir(parents=True)
(shared / "recipe").symlink_to(argument("recipe"))
commands = out / "bin"
jupyter_utils = f'exec {argument("environment")}/bin/jupyter-utils "$@"'
write_program(commands / "jupyter-utils", f"{argument('path')}\n{argument('aside')}\n{jupyter_utils}")
write_program(commands / argument("name"), f"{argument('path')}\n{argument('script')}")
