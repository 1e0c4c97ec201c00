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
  for _ in $(seq 120); do
    jupyter-utils url >/dev/null 2>&1 && break
    kill -0 $! || { cat ~/lab.log; return 1; }
    sleep 1
  done
  "$@"; code=$?; kill $!; wait $! || true; return $code
}
own_folder() { cd "$(mktemp -d)"; }
settings() { # that count in this folder, whatever this shell says
  env -u JUPYTER_PORT jupyter-utils allow && env -u JUPYTER_PORT jupyter-utils settings
}
company_cer() { # what Windows exports
  openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=company -keyout key.pem -outform der -out company.cer
}
company_pem() { company_cer && openssl x509 -inform der -in company.cer -out company.pem; }
"""
SAVE = """cat >script.py <<'END'
import jupyter_utils
saved = jupyter_utils.save_mlflow("documents", metrics={"f1": 0.5}, do_commit=False)
print(saved.entry.name if saved.entry else saved.run_id)
END
"""
TESTS = (
    "PYTHONPATH=python .cache/python/bin/python -m pytest -c python/pyproject.toml --rootdir . "
    '-m "not full" tests/unit/test_settings.py'
)
STORES = "printf '%s\\n' POSTGRES_PASSWORD=... AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=... >> .env"
COPIED_LOCK = "mkdir -p own/lock && cp python/*.lock python/*.toml python/*.json own/lock"
OLD_STORE = """MLFLOW_ALLOW_FILE_STORE=true MLFLOW_TRACKING_URI=file://$PWD nix run -f ~/lab/nix/debian python -- -c '
import mlflow
mlflow.set_experiment("old")
mlflow.log_metric("f1", 0.5)
'"""
USERS = (
    "curl -u \"admin:$(sudo cat /var/lib/mlflow/auth/admin-password)\" -H 'Content-Type: application/json' -d "
    '\'{"username": "taro", "password": "AT-LEAST-12-CHARACTERS"}\' http://127.0.0.1:15000/api/2.0/mlflow/users/create'
)
# The lab's curl, and the password of the store beside the lab.
HERE = """cat >users.sh <<'END'
curl() { nix run .#debian.shell -- -c 'curl "$@"' curl "$@"; }
sudo() { cat volume/mlflow/auth/admin-password; }
"""
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
PASSWORD = "sudo install -m 600 /dev/null /etc/jupyter-utils/taro.password"
TRUST = "sudo cp company.pem /usr/local/share/ca-certificates/company.crt && sudo update-ca-certificates"
DISTRUST = f"sudo rm /usr/local/share/ca-certificates/company.crt && sudo cp before {BUNDLE}"
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
    "./quickstart --locked": ("./quickstart --locked --build-only --base debian --cpu", "is built"),
    "./quickstart --update-pin": (
        'from=$PWD; own_folder && cp -r "$from/." . && ./quickstart --update-pin --build-only --base debian --cpu',
        "the pin",
    ),
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
    "jupyter-utils environment build RUN --out-link old": (
        'jupyter-utils environment build "$RUN" --out-link old',
        "The same store path as the run's",
    ),
    "jupyter-utils environment archive /share/environments": (
        "jupyter-utils environment archive ~/environments | tee ~/archived",
        "ENVIRONMENTS=",
    ),
    "jupyter-utils environment restore /share/environments --key KEY": (
        'jupyter-utils environment restore ~/environments --key "$(grep -A 1 "needs this key" ~/archived | tail -n 1)"',
        "is in the store",
    ),
    "ENVIRONMENTS='/share/environments KEY' ./quickstart": (
        'eval "export $(grep ^ENVIRONMENTS ~/archived)" && ./quickstart --build-only --base debian --cpu',
        "is built",
    ),
    "jupyter-utils allow": (
        "mkdir -p other && cd other && echo JUPYTER_PORT=38090 >.env && jupyter-utils allow",
        "counts for you",
    ),
    "echo JUPYTER_PORT=18081 >> .env": (
        "own_folder && echo JUPYTER_PORT=18081 >> .env && settings",
        "JUPYTER_PORT=18081",
    ),
    "echo 'HTTP_PROXY=http://proxy.example.co.jp:8080' >> .env": (
        "own_folder && echo 'HTTP_PROXY=http://proxy.example.co.jp:8080' >> .env && settings",
        "HTTP_PROXY=http://proxy.example.co.jp:8080",
    ),
    "echo 'HTTPS_PROXY=http://proxy.example.co.jp:8080' >> .env": (
        "own_folder && echo 'HTTPS_PROXY=http://proxy.example.co.jp:8080' >> .env && settings",
        "HTTPS_PROXY=http://proxy.example.co.jp:8080",
    ),
    "openssl x509 -inform der -in company.cer -out company.pem": (
        "own_folder && company_pem && cat company.pem",
        "-----BEGIN CERTIFICATE-----",
    ),
    "echo 'EXTRA_CA_CERTS=./company.pem' >> .env": (
        "own_folder && cp /etc/ssl/certs/*.crt company.pem && echo 'EXTRA_CA_CERTS=./company.pem' >> .env && settings",
        "/company.pem",
    ),
    # Compose reads these three, and there is no Docker here: they are written as one means it.
    'echo "CONTAINER_UID=$(id -u)" >> .env': (
        'own_folder && echo "CONTAINER_UID=$(id -u)" >> .env && settings',
        "CONTAINER_UID=",
    ),
    STORES: (f"own_folder && {STORES} && cat .env", "AWS_ACCESS_KEY_ID=...\nAWS"),
    "echo COMPOSE_FILE=docker-compose.yml:docker-compose.scale.yml >> .env": (
        "own_folder && echo COMPOSE_FILE=docker-compose.yml:docker-compose.scale.yml >> .env && settings",
        "JUPYTER_PORT",
    ),
    "jupyter-utils import-file-store": (
        f"own_folder && {OLD_STORE} && MLFLOW_STORE_DIR=$PWD jupyter-utils import-file-store",
        "1 runs",
    ),
    "jupyter-utils sync --drop ID": ('jupyter-utils sync --drop "$RUN_B" --yes', ""),
    "jupyter-utils sync --to ADDRESS": ("with_lab jupyter-utils sync --to http://127.0.0.1:35000", ""),
    "jupyter-utils sync --allow": ("jupyter-utils sync --allow", ""),
    "jupyter-utils sync": ("", ""),
    "jupyter-utils backup DIR --keep 7": (
        "MLFLOW_STORE_DIR=volume/mlflow jupyter-utils backup ~/backups --keep 7",
        "runs",
    ),
    'MLFLOW_STORE_DIR="$PWD/volume/mlflow" .cache/lab/bin/jupyter-utils restore DIR': (
        'MLFLOW_STORE_DIR="$PWD/volume/mlflow" .cache/lab/bin/jupyter-utils restore ~/backups',
        "runs",
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
    TESTS: (f"nix build -f nix/debian python --out-link .cache/python && {TESTS}", " passed"),
    USERS: (f"{HERE}{USERS.replace(':15000', ':35000')}\nEND\nMLFLOW_AUTH=on with_lab bash users.sh", '"username":'),
    PASSWORD: (
        f"sudo mkdir -p /etc/jupyter-utils && {PASSWORD} && sudo stat -c %a /etc/jupyter-utils/taro.password",
        "600",
    ),
    "git clone ADDRESS lab && cd lab": (
        'from=$PWD; own_folder && git clone --quiet "$from" lab && cd lab && ls quickstart',
        "quickstart",
    ),
    "git pull": ("", "up to date"),
    "git config --global http.proxy http://proxy.example.co.jp:8080": (
        "own_folder && export HOME=$PWD && git config --global http.proxy http://proxy.example.co.jp:8080",
        "",
    ),
    TRUST: (f"own_folder && company_pem && cp {BUNDLE} before && {TRUST} && {DISTRUST}", "done."),
    "git add lock": (
        "own_folder && git init --quiet && mkdir lock && touch lock/poetry.lock && git add lock && git status --short",
        "A  lock/poetry.lock",
    ),
    "python3 /home/me/lab/nix/debian/fetch.py --lock ./lock": (
        f'{COPIED_LOCK} && cd own && python3 "$OLDPWD/nix/debian/fetch.py" --lock ./lock',
        "",
    ),
    # nixfmt is the one tool that the debian base does not have, and that is said.
    ".cache/python/bin/python nix/development/style.py": (
        ".cache/python/bin/python nix/development/style.py || true",
        "no nixfmt on the path",
    ),
    'git tag --annotate v0.2.0 --message "0.2.0"': (
        'git tag --annotate v0.2.0 --message "0.2.0" && git tag --delete v0.2.0',
        "v0.2.0",
    ),
}

DOCKER = "needs a Docker engine; tests/container holds it"
GITHUB = "needs GitHub, or a Nix cache"
SYSTEMD = "needs systemd as the machine's first process; tests/services has the units in such a machine"
# Beginning of a command -> why no fresh shell runs it here.
LEFT = {
    "./quickstart --gpu": "fetches 3.7 GB; tests/gpu is for a machine with a GPU",
    "./check": "is what runs these tests",
    "docker-compose": DOCKER,
    "docker run": DOCKER,
    "nix run .#lab": GITHUB,
    "nix run .#load": GITHUB,
    "nix build .#image-gpu": GITHUB,
    "nix build .#lab --out-link": GITHUB,
    "nix develop": GITHUB,
    "nix flake check": GITHUB,
    "nix build .#vm.reboot": GITHUB,
    "nix run /home/me/lab#lock": GITHUB,
    "nix fmt": GITHUB,
    "nix run .#debian.python -- python/lock.py": "takes minutes, changes the lock; tests/integration/lock holds it",
    "nix run /home/me/lab#debian.python": "resolves for minutes; tests/integration/lock holds it",
    "python3 /home/me/lab/nix/debian/fetch.py python": "is in the list of those that are run, from the checkout",
    "nano flake.nix": "is an editor",
    "sudo .cache/units/bin/units": SYSTEMD,
    ".cache/units/bin/units --install --user": SYSTEMD,
    "systemctl": SYSTEMD,
    "sudo systemctl": SYSTEMD,
    "sudo cat /var/lib": SYSTEMD,
    "journalctl": SYSTEMD,
    "echo MLFLOW_WORKERS": SYSTEMD,
    "echo JUPYTER_ALLOWED_HOSTS": SYSTEMD,
    "sudo -u taro": SYSTEMD,
    "sudo nano": "is an editor",
    "python3 -m pip download": "needs a proxy",
    "echo JUPYTER_PORT=18081 | sudo": SYSTEMD,
    "git push origin": "sends a release to everybody",
}


def commands() -> list[str]:
    """Return every command of the README and of the pages, once."""
    return list(dict.fromkeys(line for page in documents.PAGES for line in documents.commands(page)))


def unaccounted() -> list[str]:
    """Return the commands that are neither run nor left out with a reason."""
    return [line for line in commands() if line not in RUN and not line.startswith(tuple(LEFT))]
