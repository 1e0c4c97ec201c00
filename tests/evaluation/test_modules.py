"""The NixOS modules, evaluated with nixpkgs' own `lib` and with declarations that stand in for the rest of NixOS.

nixpkgs' `lib` is not part of this repository: it is taken from NIXPKGS_LIB (a folder), or from <nixpkgs> where that is.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from commands import ROOT, nix

EXAMPLES = sorted(path.stem for path in (ROOT / "nix" / "examples").glob("*.nix") if path.stem != "default")
HERE = Path(__file__).parent
LABS = "services.jupyterlab"
MLFLOW = "services.mlflow-server"


class RefusedError(Exception):
    """The configuration does not evaluate."""


def evaluate(library: str, configuration: str | Path, folder: Path, what: str = "configuration") -> Any:
    """Evaluate a configuration, a whole machine's file or some text; the part `what` of the result."""
    whole = "false" if isinstance(configuration, str) else "true"
    if isinstance(configuration, str):
        path = folder / "configuration.nix"
        path.write_text(f"{{ pkgs, ... }}: {{ {configuration} }}")
        configuration = path
    arguments = f'library = "{library}"; configuration = "{configuration}"; whole = {whole};'
    every = f"import {HERE}/modules/evaluate.nix {{ {arguments} }}"
    part = f"({every}).{what}" if what == "options" else f'builtins.removeAttrs ({every}) [ "options" ]'
    said = nix("eval", "--impure", "--json", "--expr", part)
    if said.returncode:
        raise RefusedError(said.stderr)
    return json.loads(said.stdout)


def test_every_option_explains_itself(library: str, tmp_path: Path) -> None:
    """Type, default (or its text), example and a description that is a sentence."""
    options = evaluate(library, "", tmp_path, "options")
    assert len(options) > 70
    for option in options:
        assert option["type"], option
        assert {"description", "example"} <= set(option["has"]), option
        assert {"default", "defaultText"} & set(option["has"]), option
        assert len(option["description"]) > 20, option
        assert option["description"].strip()[0].isupper(), option


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_evaluate(library: str, tmp_path: Path, example: str) -> None:
    """Without an assertion that fails, and with units that systemd would take."""
    found = evaluate(library, ROOT / "nix" / "examples" / f"{example}.nix", tmp_path)
    assert found["failed"] == []
    assert any(name.startswith("jupyterlab") for name in found["units"])
    assert "mlflow-server.service" in found["units"]


def test_a_machine_that_could_not_boot_is_none(library: str, tmp_path: Path) -> None:
    """The examples are held to what NixOS asks of a whole machine: a disk and a boot loader."""
    (tmp_path / "machine.nix").write_text("{ }")
    failed = evaluate(library, tmp_path / "machine.nix", tmp_path)["failed"]
    assert [message.split(" ")[0] for message in failed] == ["fileSystems", "boot.loader:"]


def test_nothing_is_defined_until_it_is_enabled(library: str, tmp_path: Path) -> None:
    """Importing the module changes no machine."""
    found = evaluate(library, "", tmp_path)
    assert not any(found[part] for part in ("units", "firewall", "users", "tmpfiles", "nginx", "failed"))


def test_both_are_wired_together(library: str, tmp_path: Path) -> None:
    """The lab sends runs to this machine's MLflow, knows its password, and starts after it."""
    text = f'{LABS}.enable = true; {MLFLOW} = {{ enable = true; port = 15001; staticPrefix = "/m"; }};'
    units = evaluate(library, text, tmp_path)["units"]
    unit, told = units["jupyterlab.service"], "/run/jupyterlab-password.socket"
    assert 'Environment="MLFLOW_TRACKING_URI=http://127.0.0.1:15001/m"' in unit
    assert f'Environment="MLFLOW_TRACKING_PASSWORD_FILE={told}"' in unit
    assert "Wants=jupyterlab-password.socket" in unit
    assert (
        f"ListenStream={told}\nRemoveOnStop=true\nSocketMode=0600\nSocketUser=jupyterlab"
        in units["jupyterlab-password.socket"]
    )
    telling = units["jupyterlab-password@.service"]
    assert "LoadCredential=password:/var/lib/mlflow/auth/admin-password" in telling
    assert 'credential password --for "http://127.0.0.1:15001/m"' in telling
    assert "After=mlflow-server.service" in unit


@pytest.mark.parametrize("lab", [LABS, f"{LABS}.instances.taro"])
def test_this_machines_password_is_for_this_machines_mlflow(library: str, tmp_path: Path, lab: str) -> None:
    """A lab with another MLflow is told none, but the one that is named for that; by another name it is this one."""
    name = "jupyterlab" if lab == LABS else "jupyterlab-taro"
    socket, telling = f"{name}-password.socket", f"{name}-password@.service"
    own = "enable = true; " if lab == LABS else ""

    def units(options: str) -> dict[str, str]:
        text = f"{lab} = {{ {own}{options} }}; {MLFLOW}.enable = true; users.users.taro.isNormalUser = true;"
        found: dict[str, str] = evaluate(library, text, tmp_path)["units"]
        return found

    elsewhere = units('mlflow.url = "https://mlflow.example.org";')
    assert not {socket, telling} & elsewhere.keys()
    assert "MLFLOW_TRACKING_PASSWORD_FILE" not in elsewhere[f"{name}.service"]
    named = units('mlflow = { url = "https://mlflow.example.org"; passwordFile = "/run/secrets/p"; };')[telling]
    assert 'credential password --for "https://mlflow.example.org"' in named
    assert "LoadCredential=password:/run/secrets/p" in named
    beside = units('mlflow.url = "http://localhost:15000";')[telling]
    assert 'credential password --for "http://localhost:15000"' in beside
    assert "LoadCredential=password:/var/lib/mlflow/auth/admin-password" in beside


def test_a_lab_alone_brings_its_own_mlflow(library: str, tmp_path: Path) -> None:
    """Without an address, one unit runs both, as `jupyter-utils lab` does."""
    unit = evaluate(library, f"{LABS}.enable = true;", tmp_path)["units"]["jupyterlab.service"]
    assert "MLFLOW_TRACKING_URI" not in unit
    assert "mlflow-server.service" not in unit


OPTIONS = [
    (LABS, "port = 1234;", 'Environment="JUPYTER_PORT=1234"'),
    (LABS, 'host = "0.0.0.0";', 'Environment="LISTEN_ADDRESS=0.0.0.0"'),
    (LABS, 'environment.A = "50%";', 'Environment="A=50%%"'),
    (LABS, 'environmentFile = "/run/secrets/env";', "EnvironmentFile=/run/secrets/env"),
    (LABS, 'tokenFile = "/run/secrets/token";', "LoadCredential=JUPYTER_TOKEN_FILE:/run/secrets/token"),
    (LABS, 'passwordFile = "/run/secrets/p";', "LoadCredential=JUPYTER_PASSWORD_FILE:/run/secrets/p"),
    (LABS, 'notebookDirectory = "/srv/n";', "ReadWritePaths=/srv/n"),
    (LABS, 'notebookDirectory = "/srv/n";', 'Environment="JUPYTER_ROOT_DIR=/srv/n"'),
    (LABS, 'writablePaths = [ "/srv/d" ];', "ReadWritePaths=/srv/d"),
    (LABS, "gpu = true;", "DeviceAllow=char-nvidia-uvm rw"),
    (LABS, 'resources.memoryMax = "16G";', "MemoryMax=16G"),
    (LABS, 'resources.cpuQuota = "400%";', "CPUQuota=400%"),
    (LABS, 'resources.tasksMax = "99";', "TasksMax=99"),
    (LABS, 'proxy.http = "http://u:p%40@proxy:1";', 'Environment="HTTP_PROXY=http://u:p%%40@proxy:1"'),
    (LABS, 'mlflow.url = "http://m:1";', 'Environment="MLFLOW_TRACKING_URI=http://m:1"'),
    (LABS, 'mlflow.uiUrl = "https://m";', 'Environment="MLFLOW_UI_URL=https://m"'),
    (LABS, 'extraArguments = [ "--a=b c" ];', 'lab -- "--a=b c"'),
    (LABS, 'user = "taro"; group = "users";', "Group=users"),
    (LABS, 'nginx = { enable = true; hostName = "l.example"; };', 'Environment="JUPYTER_ALLOWED_HOSTS=l.example"'),
    (MLFLOW, "port = 1234;", 'Environment="MLFLOW_PORT=1234"'),
    (MLFLOW, "workers = 4;", 'Environment="MLFLOW_WORKERS=4"'),
    (MLFLOW, 'allowedHosts = [ "a" "b:1" ];', 'Environment="MLFLOW_SERVER_ALLOWED_HOSTS=a,b:1"'),
    (MLFLOW, 'corsAllowedOrigins = [ "https://d" ];', 'Environment="MLFLOW_SERVER_CORS_ALLOWED_ORIGINS=https://d"'),
    (MLFLOW, 'staticPrefix = "/m";', 'Environment="MLFLOW_STATIC_PREFIX=/m"'),
    (MLFLOW, 'backendStoreUri = "postgresql:///m";', 'Environment="MLFLOW_BACKEND_STORE_URI=postgresql:///m"'),
    (MLFLOW, 'backendStoreUriFile = "/run/u";', "LoadCredential=MLFLOW_BACKEND_STORE_URI:/run/u"),
    (MLFLOW, 'artifactLocations = [ "s3://a" "/b" ];', 'Environment="MLFLOW_ARTIFACT_LOCATIONS=s3://a,/b"'),
    (MLFLOW, 'artifactsDestination = "s3://b/m";', 'Environment="MLFLOW_ARTIFACTS_DESTINATION=s3://b/m"'),
    (MLFLOW, 'auth = "on";', 'Environment="MLFLOW_AUTH=on"'),
    (MLFLOW, 'adminPasswordFile = "/run/p";', "LoadCredential=MLFLOW_ADMIN_PASSWORD_FILE:/run/p"),
    (MLFLOW, "metrics.enable = true;", 'Environment="prometheus_multiproc_dir=/run/mlflow-server"'),
    (MLFLOW, 'directory = "/srv/m";', "ReadWritePaths=/srv/m"),
    (MLFLOW, 'storeGroup = "research";', 'Environment="MLFLOW_STORE_GROUP=research"'),
    (MLFLOW, 'storeGroup = "research";', "Group=research"),
    (MLFLOW, 'storeGroup = "research";', "StateDirectoryMode=0750"),
    (MLFLOW, 'nginx = { enable = true; hostName = "m.example"; };', 'Environment="MLFLOW_AUTH=on"'),
]


@pytest.mark.parametrize(("service", "option", "line"), OPTIONS, ids=[option for _, option, _ in OPTIONS])
def test_options_reach_the_unit(library: str, tmp_path: Path, service: str, option: str, line: str) -> None:
    """Each option is a line of the unit, which is not there without it."""
    unit = "jupyterlab.service" if service == LABS else "mlflow-server.service"
    more = "users.users.taro.isNormalUser = true;"
    found = evaluate(library, f"{more} {service} = {{ enable = true; {option} }};", tmp_path)
    assert found["failed"] == []
    assert line in found["units"][unit]
    assert line not in evaluate(library, f"{service}.enable = true;", tmp_path)["units"][unit]


def test_the_rest_of_the_machine_is_set_up(library: str, tmp_path: Path) -> None:
    """Firewall, users, folders, path, nginx."""
    text = f"""
      {LABS} = {{ enable = true; host = "0.0.0.0"; openFirewall = true; extraPackages = [ pkgs.ffmpeg ];
        nginx = {{ enable = true; hostName = "lab.example.org"; }}; notebookDirectory = "/srv/notebooks"; }};
      {MLFLOW} = {{ enable = true; host = "0.0.0.0"; openFirewall = true; directory = "/srv/mlflow";
        backup.enable = true; gc.enable = true;
        nginx = {{ enable = true; hostName = "m.example"; certificate = "/c.pem"; certificateKey = "/c.key"; }}; }};"""
    found = evaluate(library, text, tmp_path)
    assert found["failed"] == []
    assert sorted(found["firewall"]) == [15000, 18080]
    assert found["users"] == ["jupyterlab", "mlflow"]
    folder = {"type": "d", "group": "mlflow", "mode": "0700", "user": "mlflow", "age": "-", "argument": ""}
    assert found["tmpfiles"]["10-mlflow-server"] == {"/srv/mlflow": {"d": folder}}
    assert found["tmpfiles"]["10-jupyterlab"].keys() == {"/srv/notebooks"}
    assert "ffmpeg" in found["paths"]["jupyterlab"][0]
    lab, server = found["nginx"]["lab.example.org"], found["nginx"]["m.example"]
    assert (lab["forceSSL"], lab["enableACME"]) == (True, True)
    assert lab["sslCertificate"] == "/var/lib/acme/lab.example.org/fullchain.pem"
    assert (server["forceSSL"], server["enableACME"], server["sslCertificate"]) == (True, False, "/c.pem")
    assert lab["locations"]["/"]["proxyPass"] == "http://127.0.0.1:18080"
    assert lab["locations"]["/"]["proxyWebsockets"] is True
    assert "client_max_body_size 0" in server["locations"]["/"]["extraConfig"]
    assert {"mlflow-server-backup.timer", "mlflow-server-gc.timer"} <= found["units"].keys()


def test_a_group_of_the_store_may_look_into_every_folder_of_it(library: str, tmp_path: Path) -> None:
    """Also into those that systemd does not make; the backup's unit runs in the same group."""
    text = f"""{MLFLOW} = {{ enable = true; storeGroup = "research"; directory = "/srv/mlflow";
      backup = {{ enable = true; directory = "/srv/backup"; }}; }};"""
    found = evaluate(library, text, tmp_path)
    assert found["failed"] == []
    rule = {"group": "research", "mode": "0750", "user": "mlflow"}
    made = found["tmpfiles"]["10-mlflow-server"]
    assert set(made) == {"/srv/mlflow", "/srv/backup"}
    assert all(rule.items() <= one["d"].items() for one in made.values())
    assert "Group=research" in found["units"]["mlflow-server-backup.service"]
    assert 'Environment="MLFLOW_STORE_GROUP=research"' in found["units"]["mlflow-server-backup.service"]


def test_several_labs_run_as_their_users(library: str, tmp_path: Path) -> None:
    """Each has a unit, a user, a folder and a port of its own; the machine's own lab need not be there."""
    text = f"""{LABS}.instances = {{ taro.port = 18081; hanako = {{ port = 18082; directory = "/home/hanako"; }}; }};
      users.users = {{ taro.isNormalUser = true; hanako.isNormalUser = true; }};"""
    found = evaluate(library, text, tmp_path)
    assert found["failed"] == []
    taro, hanako = found["units"]["jupyterlab-taro.service"], found["units"]["jupyterlab-hanako.service"]
    assert {"User=taro", "StateDirectory=jupyterlab-taro", "ProtectHome=true"} <= set(taro.splitlines())
    # Of all homes her own alone.
    assert {"User=hanako", "BindPaths=/home/hanako", "ProtectHome=tmpfs"} <= set(hanako.splitlines())
    assert "jupyterlab.service" not in found["units"]


STORE = 'builtins.toFile "secret" "x"'
REFUSED = [
    (f"{LABS} = {{ enable = true; openFirewall = true; }};", 'set services.jupyterlab.host = "0.0.0.0"'),
    (
        f"{LABS} = {{ enable = true; tokenFile = {STORE}; }};",
        "tokenFile would lie in the Nix store.*write the path as a string",
    ),
    (f"{LABS} = {{ enable = true; passwordFile = ./secret; }};", "passwordFile would lie in the Nix store"),
    (f"{LABS} = {{ enable = true; environmentFile = ./env; }};", "environmentFile would lie in the Nix store"),
    (f"{LABS} = {{ enable = true; mlflow.passwordFile = ./p; }};", "mlflow.passwordFile would lie in the Nix store"),
    (f"{MLFLOW} = {{ enable = true; adminPasswordFile = {STORE}; }};", "adminPasswordFile would lie in the Nix store"),
    (f"{MLFLOW} = {{ enable = true; backendStoreUriFile = ./u; }};", "backendStoreUriFile would lie in the Nix store"),
    (f'{LABS} = {{ enable = true; tokenFile = "/t"; passwordFile = "/p"; }};', "exclude each other: set the one"),
    (f'{LABS} = {{ enable = true; user = "nobody-here"; }};', "add users.users.nobody-here"),
    (f'{LABS} = {{ enable = true; user = "root"; }};', "would do so as root"),
    (f'{LABS} = {{ enable = true; group = "research"; }};', "add users.groups.research"),
    (
        f'{LABS}.instances.taro.group = "research"; users.users.taro.isNormalUser = true;',
        "instances.taro.group.*add users.groups.research",
    ),
    (f'{MLFLOW} = {{ enable = true; user = "tracking"; }};', "add users.users.tracking"),
    (
        f'{MLFLOW} = {{ enable = true; user = "taro"; group = "research"; }}; users.users.taro.isNormalUser = true;',
        "add users.groups.research",
    ),
    (f"{LABS} = {{ enable = true; nginx.enable = true; }};", "set services.jupyterlab.nginx.hostName"),
    (f'{LABS} = {{ enable = true; nginx.certificate = "/c"; }};', "belong together: set both, or neither"),
    (
        f'{LABS} = {{ enable = true; nginx = {{ certificate = "/c"; certificateKey = ./k; }}; }};',
        "certificateKey would lie",
    ),
    (f'{LABS} = {{ enable = true; instances.taro.user = "jupyterlab"; }};', "have the same port.*instances.NAME.port"),
    (
        f"""{LABS}.instances = {{ a = {{ port = 1; nginx = {{ enable = true; hostName = "h"; }}; }};
          b = {{ port = 2; nginx = {{ enable = true; hostName = "h"; }}; }}; }};
          users.users = {{ a.isNormalUser = true; b.isNormalUser = true; }};""",
        "same name in nginx.*instances.NAME.nginx.hostName",
    ),
    (f"{LABS}.instances.taro.port = 1;", "instances.taro.user = .taro. is not a user of this machine"),
    (f'{MLFLOW} = {{ enable = true; backendStoreUri = "a://b"; backendStoreUriFile = "/u"; }};', "set one of them"),
    (
        f'{MLFLOW} = {{ enable = true; backendStoreUri = "postgresql://u:p@h/d"; }};',
        "holds a password.*set.*backendStoreUriFile",
    ),
    (
        f'{MLFLOW} = {{ enable = true; backendStoreUri = "postgresql:///m"; backup.enable = true; }};',
        "services.postgresqlBackup",
    ),
    (
        f'{MLFLOW} = {{ enable = true; auth = "off"; nginx = {{ enable = true; hostName = "m"; }}; }};',
        'set .*auth = "on"',
    ),
    (f'{MLFLOW} = {{ enable = true; auth = "off"; adminPasswordFile = "/p"; }};', "of no use with"),
    # NixOS' own, of the options that the examples touch.
    ('services.xserver.videoDrivers = [ "nvidia" ]; nixpkgs.config.allowUnfree = true;', "hardware.nvidia.open"),
    ('services.xserver.videoDrivers = [ "nvidia" ]; hardware.nvidia.open = true;', "nixpkgs.config.allowUnfree"),
    ('users.users.taro.group = "users";', "system user or a normal one"),
    ("users.users.taro.isSystemUser = true;", "users.users.taro has no group"),
    (
        "security.acme.acceptTerms = false; services.nginx = { enable = true; virtualHosts.h.enableACME = true; };",
        "security.acme.acceptTerms",
    ),
    ('users.users.taro = { isSystemUser = true; group = "absent"; };', "users.groups does not have"),
    (
        'systemd.services.s.serviceConfig = { Type = "oneshot"; Restart = "always"; };',
        "systemd.services.s runs once",
    ),
    ('systemd.services.s.after = [ "network-online.target" ];', "does not ask for it"),
    ('services.postgresql.ensureUsers = [ { name = "m"; ensureDBOwnership = true; } ];', "which ensureDatabases lacks"),
    ('services.postgresqlBackup = { enable = true; databases = [ "m" ]; backupAll = true; };', "either all databases"),
    (
        "services.nginx = { enable = true; virtualHosts.h = { addSSL = true; forceSSL = true; enableACME = true; }; };",
        "several of addSSL",
    ),
]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[text for text, _ in REFUSED])
def test_what_cannot_work_is_refused_with_the_remedy(library: str, tmp_path: Path, text: str, message: str) -> None:
    """One assertion fails, and says what to do instead."""
    for name in ("secret", "env", "p", "u", "k"):
        (tmp_path / name).write_text("")
    failed = evaluate(library, text, tmp_path)["failed"]
    assert len(failed) == 1
    assert re.search(message, failed[0])


WRONG = [
    (f"{LABS}.port = 70000;", "16 bit unsigned integer"),
    (f'{LABS}.gpu = "yes";', "boolean"),
    (f'{LABS}.directory = "relative";', "absolute path"),
    (f'{MLFLOW}.auth = "maybe";', 'one of "auto", "on", "off"'),
    ('systemd.services.s.serviceConfig.Type = "notfy";', "not of type"),
    ('systemd.services.s.after = [ "mlflow" ];', "matching the pattern"),
    ('services.nginx.virtualHosts.h.locations."/".proxyPort = 1;', "does not exist"),
    (f"{MLFLOW}.workers = 0;", "between 1 and 64"),
    (f'{MLFLOW}.staticPrefix = "m/";', "matching the pattern"),
    (f'{MLFLOW}.gc.olderThan = "a month";', "matching the pattern"),
    (f"{MLFLOW}.backup.keep = 0;", "positive integer"),
    (f"{MLFLOW}.prot = 1;", "does not exist"),
]


@pytest.mark.parametrize(("text", "message"), WRONG, ids=[text for text, _ in WRONG])
def test_values_of_the_wrong_kind_are_refused(library: str, tmp_path: Path, text: str, message: str) -> None:
    """By their type, which names the option."""
    enabled = f"{LABS}.enable = true; {MLFLOW} = {{ enable = true; backup.enable = true; gc.enable = true; }};"
    with pytest.raises(RefusedError) as caught:
        evaluate(library, f"imports = [ {{ {enabled} }} ]; {text}", tmp_path)
    assert message in str(caught.value)
    assert text.split(maxsplit=1)[0].rpartition(".")[2] in str(caught.value)


def test_the_vm_tests_are_well_formed() -> None:
    """Each has a name, machines and a script, and the index names every file; they cannot run here."""
    folder = ROOT / "nix" / "tests"
    files = {path.stem for path in folder.glob("*.nix")} - {"default", "lib"}
    assert set(re.findall(r"run \./([\w-]+)\.nix", (folder / "default.nix").read_text())) == files
    for name in files:
        parts = "inherit (t) name; script = t.testScript; nodes = builtins.attrNames t.nodes;"
        said = nix("eval", "--impure", "--json", "--expr", f"let t = import {folder}/{name}.nix; in {{ {parts} }}")
        assert said.returncode == 0, said.stderr
        test = json.loads(said.stdout)
        assert test["name"] == name
        assert test["nodes"]
        compile(test["script"], name, "exec")
