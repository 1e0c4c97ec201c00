"""The commands of README and pages: which a fresh shell on a fresh machine runs, and why it does not run the others."""

from __future__ import annotations

import documents

# What stands before each command: as in a terminal of JupyterLab, `jupyter-utils` is on the path. Words in capitals are
# what a reader puts in: $RUN and $RUN_B are runs that wait for a server.
BEFORE = """
export PATH="$PWD/.cache/lab/bin:$PATH" MLFLOW_TRACKING_URI=http://127.0.0.1:9
export JUPYTER_PORT=38080 MLFLOW_PORT=35000
RUN=$(sed -n 1p ~/runs 2>/dev/null) RUN_B=$(sed -n 2p ~/runs 2>/dev/null)
with_lab() { # runs words beside a lab that ./quickstart has started
  env -u MLFLOW_TRACKING_URI ./quickstart >~/lab.log 2>&1 &
  for _ in $(seq 120); do jupyter-utils url >/dev/null 2>&1 && break; sleep 1; done
  "$@"; code=$?; kill $!; wait $! || true; return $code
}
"""
SAVE = """cat >script.py <<'END'
import jupyter_utils
saved = jupyter_utils.save_mlflow("documents", metrics={"f1": 0.5}, do_commit=False)
print(saved.entry.name if saved.entry else saved.run_id)
END
"""
# Command -> what is run for it, in this order, and a word of its answer. "" where nothing is to be said.
RUN = {
    "./quickstart": ("with_lab jupyter-utils url", ":38080/lab?token="),
    ".cache/lab/bin/jupyter-utils url": ("with_lab .cache/lab/bin/jupyter-utils url", ":35000"),
    ".cache/lab/bin/jupyter-utils doctor": (".cache/lab/bin/jupyter-utils doctor || [ $? = 1 ]", "processor"),
    "jupyter-utils doctor": ("jupyter-utils doctor || [ $? = 1 ]", "processor"),
    ".cache/lab/bin/jupyter-utils settings": ("", "JUPYTER_PORT"),
    "nix run .#debian.lab": ("timeout 10 nix run .#debian.lab -- --help", "lab"),
    "nix run .#debian.shell": ("nix run .#debian.shell -- -c 'python -c \"print(6 * 7)\"'", "42"),
    "nix run -f nix/debian shell": ("nix run -f nix/debian shell -- -c 'python -c \"print(6 * 7)\"'", "42"),
    "./quickstart --build-only": ("", "is built"),
    'git config --global user.name "Yamada Hanako"': ("", ""),
    "git config --global user.email hanako@example.org": ("", ""),
    # What is missing names its own command, which is the next.
    "python3 nix/debian/fetch.py python": (
        'nix run .#debian.python -- --version 2>&1 | grep -o "python3 nix/debian/fetch.py python" | head -n 1 | sh',
        "",
    ),
    "nix run .#debian.python -- script.py": (
        f"{SAVE} for _ in 1 2; do nix run .#debian.python -- script.py; done >~/runs",
        "",
    ),
    "jupyter-utils sync --list": ("jupyter-utils sync --list; echo $RUN", "documents"),
    "jupyter-utils runs": ("", "waiting"),
    "jupyter-utils runs test_exp --limit 100": ("jupyter-utils runs documents --limit 100", "waiting"),
    "jupyter-utils runs --notebook nlp.ipynb --csv > runs.csv": ("", ""),
    "jupyter-utils sync --show ID": ('jupyter-utils sync --show "$RUN"', "f1"),
    "jupyter-utils show RUN": ('jupyter-utils show "$RUN"', "script.py"),
    "jupyter-utils compare RUN_A RUN_B": ('jupyter-utils compare "$RUN" "$RUN_B"', "same"),
    "jupyter-utils compare RUN_A RUN_B --html report.html": (
        'jupyter-utils compare "$RUN" "$RUN_B" --html report.html && grep -c html report.html',
        "",
    ),
    'jupyter-utils compare RUN_A RUN_B --tolerance "f1=abs:0.002" --tolerance "eval/*=rel:1e-6" --by metrics': (
        'jupyter-utils compare "$RUN" "$RUN_B" --tolerance "f1=abs:0.002" --tolerance "eval/*=rel:1e-6" --by metrics',
        "f1",
    ),
    "jupyter-utils reproduce RUN --check": ('jupyter-utils reproduce "$RUN" --check', "code"),
    "jupyter-utils reproduce RUN": ('jupyter-utils reproduce "$RUN"', "same"),
    "jupyter-utils reproduce RUN --data FOLDER": ('jupyter-utils reproduce "$RUN" --data .', "same"),
    "jupyter-utils reproduce RUN --repeat 5": ('jupyter-utils reproduce "$RUN" --repeat 2', "same"),
    "jupyter-utils environment show": ("", "debian-cpu-"),
    "jupyter-utils environment show RUN": ('jupyter-utils environment show "$RUN"', "debian-"),
    "jupyter-utils allow": (
        "mkdir -p other && cd other && echo JUPYTER_PORT=38090 >.env && jupyter-utils allow",
        "counts for you",
    ),
    "jupyter-utils sync --drop ID": ('jupyter-utils sync --drop "$RUN_B" --yes', ""),
    "jupyter-utils sync --to ADDRESS": ("with_lab jupyter-utils sync --to http://127.0.0.1:35000", ""),
    "jupyter-utils sync --allow": ("jupyter-utils sync --allow", ""),
    "jupyter-utils sync": ("", ""),
    "jupyter-utils backup DIR --keep 7": (
        "MLFLOW_STORE_DIR=volume/mlflow jupyter-utils backup ~/backups --keep 7",
        "runs",
    ),
    "jupyter-utils restore DIR": ("MLFLOW_STORE_DIR=volume/mlflow jupyter-utils restore ~/backups", "runs"),
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

DOCKER = "needs a Docker engine; tests/container holds it"
GITHUB = "needs GitHub, or a Nix cache"
SYSTEMD = "changes the machine's services; tests/services holds it in a machine of its own"
SETTING = "is an example of a setting; tests/unit holds the settings"
TOOLS = "needs the tools of those who work on this project; ./check has them"
GIGABYTES = "copies gigabytes; tests/evaluation/test_archives_of_environments.py holds it"
# Beginning of a command -> why no fresh shell runs it here.
LEFT = {
    "./quickstart --gpu": "fetches 3.7 GB; tests/gpu is for a machine with a GPU",
    "./quickstart --locked": "fails where the mirror has moved on; tests/evaluation/test_moved_mirror.py holds it",
    "./quickstart --update-pin": "changes the checkout; tests/evaluation holds the pin",
    "./check": "is what runs these tests",
    "jupyter-utils import-file-store": "needs a store of an old MLflow; tests/unit/store holds it",
    "jupyter-utils environment build": "builds once more; tests/evaluation/test_recipes.py holds it",
    "jupyter-utils environment archive": GIGABYTES,
    "jupyter-utils environment restore": GIGABYTES,
    "ENVIRONMENTS='/share": GIGABYTES,
    "echo 'HTTP": SETTING,
    "echo JUPYTER_PORT=18081 >> .env": SETTING,
    "echo 'EXTRA_CA_CERTS": SETTING,
    'echo "CONTAINER_UID': SETTING,
    "printf '%s\\n' POSTGRES_PASSWORD": SETTING,
    "echo COMPOSE_FILE": SETTING,
    "docker-compose": DOCKER,
    "docker run": DOCKER,
    "nix run .#lab": GITHUB,
    "nix run .#load": GITHUB,
    "nix build .#image-gpu": GITHUB,
    "nix develop": GITHUB,
    "nix flake check": GITHUB,
    "nix build .#vm.reboot": GITHUB,
    "nix run /home/me/lab#lock": GITHUB,
    "nix fmt": GITHUB,
    "nix run .#debian.python -- python/lock.py": "takes minutes, changes the lock; tests/integration/lock holds it",
    "nix run /home/me/lab#debian.python": "resolves for minutes; tests/integration/lock holds it",
    "python3 /home/me/lab/nix/debian/fetch.py --lock": "needs the line before it",
    "nano flake.nix": "is an editor",
    "git add lock": "has nothing to add without the line before it",
    "sudo .cache/units/bin/units": SYSTEMD,
    ".cache/units/bin/units --install --user": SYSTEMD,
    "systemctl": SYSTEMD,
    "sudo systemctl": SYSTEMD,
    "sudo cat /var/lib": SYSTEMD,
    "journalctl": SYSTEMD,
    "openssl x509": "needs a certificate; tests/unit holds that PEM is asked for",
    "echo MLFLOW_PORT": SYSTEMD,
    "echo JUPYTER_PORT=18081 | sudo": SYSTEMD,
    "PYTHONPATH=python .cache/python/bin/python": TOOLS,
    "python3 nix/development/style.py": TOOLS,
    "git tag": "releases",
    "git push origin": "releases",
}


def commands() -> list[str]:
    """Return every command of the README and of the pages, once."""
    return list(dict.fromkeys(line for page in documents.PAGES for line in documents.commands(page)))


def unaccounted() -> list[str]:
    """Return the commands that are neither run nor left out with a reason."""
    return [line for line in commands() if line not in RUN and not line.startswith(tuple(LEFT))]
