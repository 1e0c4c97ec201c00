"""Write systemd units and the command that installs them.

Attributes: name, program, system_units and user_units (JSON: file name -> text), sysusers, start (JSON).
"""

import json

from store import argument, output, write_program

out = output()
units = out / "share" / "systemd"
for scope in ("system", "user"):
    folder = units / scope
    folder.mkdir(parents=True)
    for name, text in json.loads(argument(f"{scope}_units")).items():
        (folder / name).write_text(text)
(units / "sysusers.conf").write_text(argument("sysusers"))
(units / "start.json").write_text(argument("start"))
write_program(out / "bin" / argument("name"), f'exec {argument("program")} units --from {units} "$@"')
