"""The README's commands: which a fresh shell on a fresh machine is made to run, and why the others are not."""

from __future__ import annotations

import re

from commands import ROOT

# Command of the README -> what is run for it, in this order, and a word of its answer. "" where nothing is to be said.
RUN = {
    ".cache/lab/bin/jupyter-utils doctor": (".cache/lab/bin/jupyter-utils doctor || [ $? = 1 ]", "processor"),
    ".cache/lab/bin/jupyter-utils settings": ("", "JUPYTER_PORT"),
    "nix run .#debian.lab": ("timeout 10 nix run .#debian.lab -- --help", "lab"),
    "nix run .#debian.shell": ("nix run .#debian.shell -- -c 'python -c \"print(6 * 7)\"'", "42"),
    "nix run -f nix/debian shell": ("nix run -f nix/debian shell -- -c 'python -c \"print(6 * 7)\"'", "42"),
    # What is missing names its own command, which is the next.
    "nix run .#debian.python -- script.py": (
        """echo 'print(6 * 7)' >script.py
        nix run .#debian.python -- script.py 2>&1 | grep -o "python3 nix/debian/fetch.py python" | head -n 1 | sh
        nix run .#debian.python -- script.py""",
        "42",
    ),
    "python3 nix/debian/fetch.py units": ("", ""),
    "nix build .#debian.units --out-link .cache/units": ("", ""),
    ".cache/units/bin/units": ("", "Nothing was done"),
    "nix build -f nix/debian units --out-link .cache/units": ("", ""),
    "python3 nix/debian/fetch.py load": ("", ""),
    # There is no Docker here: it gets as far as asking for it.
    "nix run .#debian.load": ("nix run .#debian.load || true", "ocker"),
    "nix run .#debian.save -- lab.tar.gz": ("", "SHA-256"),
    "nix flake init -t /home/me/lab": ('mkdir -p own; cd own; nix flake init -t "$OLDPWD"; ls', "flake.nix"),
}

SERVERS = "starts servers until it is stopped; tests/integration/servers holds it"
DOCKER = "needs a Docker engine; tests/container holds it"
GITHUB = "needs GitHub, or a Nix cache"
SYSTEMD = "changes the machine's services; tests/services holds it in a machine of its own"
SETTING = "is an example of a setting; tests/unit holds the settings"
STORE = "needs runs; tests/unit/store and tests/integration hold it"
NO_COMMAND = "is no command of a shell"
# Beginning of a command -> why no fresh shell runs it here.
LEFT = {
    "./quickstart": "runs before all others",
    "./check": "is what runs these tests",
    ".cache/lab/bin/jupyter-utils url": "needs a running lab; tests/integration/servers holds it",
    "import jupyter_utils": NO_COMMAND,
    "jupyter_utils.save_mlflow": NO_COMMAND,
    "jupyter-utils allow": "tests/integration/servers/test_clones.py holds it",
    "jupyter-utils sync": STORE,
    "jupyter-utils compare": STORE,
    "jupyter-utils reproduce": STORE,
    "jupyter-utils environment": "tests/unit/environments and tests/integration hold it",
    "jupyter-utils backup": STORE,
    "jupyter-utils restore": STORE,
    "echo 'HTTP": SETTING,
    'echo "CONTAINER_UID': SETTING,
    "printf '%s\\n' POSTGRES_PASSWORD": SETTING,
    "echo COMPOSE_FILE": SETTING,
    "docker-compose": DOCKER,
    "docker run": DOCKER,
    "services:": NO_COMMAND,
    "nix run .#lab": GITHUB,
    "nix run .#load": GITHUB,
    "nix develop": GITHUB,
    "nix flake check": GITHUB,
    "nix build .#vm.reboot": GITHUB,
    "nix run /home/me/lab#lock": GITHUB,
    "nano flake.nix": "is an editor",
    "git add lock": "has nothing to add without the line before it",
    "sudo .cache/units/bin/units": SYSTEMD,
    ".cache/units/bin/units --install --user": SYSTEMD,
    "systemctl": SYSTEMD,
    "sudo systemctl": SYSTEMD,
    "sudo cat /var/lib": SYSTEMD,
    "echo MLFLOW_PORT": SYSTEMD,
    "echo JUPYTER_PORT": SYSTEMD,
    "inputs.lab.url": NO_COMMAND,
    "#": NO_COMMAND,
    "lab.nixosModules": NO_COMMAND,
    "{ services": NO_COMMAND,
    "python/poetry.lock": NO_COMMAND,
}


def commands() -> list[str]:
    """Return the lines of the README's blocks, without their remarks."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return [re.split(r"\s{2,}#", line)[0] for line in re.findall(r"(?m)^    (\S.*)$", text)]


def unaccounted() -> list[str]:
    """Return the commands that are neither run nor left out with a reason."""
    return [line for line in commands() if line not in RUN and not line.startswith(tuple(LEFT))]
