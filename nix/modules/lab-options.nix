# The options of one lab: of services.jupyterlab itself and of each of its instances.
{
  lib,
  config, # the machine's
  pkgs,
  # The name of the instance; null: the lab of services.jupyterlab itself.
  instance ? null,
}:
let
  inherit (lib) mkOption types literalExpression;
  common = import ./common-options.nix { inherit lib; };
  own = config.services.jupyterlab;
  inherited =
    name:
    if instance == null then
      { }
    else
      {
        default = own.${name};
        defaultText = literalExpression "config.services.jupyterlab.${name}";
      };
in
common.options {
  inherit config;
  what = "JupyterLab";
  ports = 18080;
}
// {
  package = mkOption (
    {
      type = types.package;
      default =
        pkgs.jupyter-utils-lab.lab
          or (throw "services.jupyterlab.package is not set: import the module as `nixosModules.jupyterlab` of the flake, add the flake's overlay, or set the package.");
      defaultText = literalExpression "the flake's packages.lab";
      example = literalExpression "lab.packages.x86_64-linux.lab-gpu";
      description = "Package whose `bin/jupyter-utils` runs the lab: `lab` or `lab-gpu` of either base, or what `mkLab` made.";
    }
    // inherited "package"
  );

  user = mkOption {
    type = types.str;
    default = if instance == null then "jupyterlab" else instance;
    defaultText = literalExpression ''"jupyterlab", or the instance's name'';
    example = "taro";
    description = "User that it runs as, and whose its notebooks are. `jupyterlab` is made; any other must exist.";
  };
  group = mkOption {
    type = types.nullOr types.str;
    default = if instance == null then "jupyterlab" else null;
    defaultText = literalExpression ''"jupyterlab", or null for an instance'';
    example = "research";
    description = "Group that it runs as; `null`: the user's own. `jupyterlab` is made; any other must exist.";
  };
  directory = mkOption {
    type = types.path;
    default = if instance == null then "/var/lib/jupyterlab" else "/var/lib/jupyterlab-${instance}";
    defaultText = literalExpression ''"/var/lib/jupyterlab", or "/var/lib/jupyterlab-NAME"'';
    example = "/home/taro";
    description = ''
      Its home folder: Git's configuration, SSH keys, caches of models, the token. One below `/var/lib` is made.
      One below `/home` must exist, and is then the only home that the lab can see.
    '';
  };
  notebookDirectory = mkOption {
    type = types.nullOr types.path;
    default = null;
    example = "/srv/notebooks";
    description = "What the file browser can reach; `null`: `notebooks` in {option}`directory`.";
  };
  writablePaths = mkOption {
    type = types.listOf types.path;
    default = [ ];
    example = [ "/srv/datasets" ];
    description = "Further directories that notebooks may write to, if their user may. All else but its own is read-only.";
  };

  tokenFile =
    common.secret "the token that JupyterLab asks for" "/run/secrets/jupyter-token"
      "`null`: one is made once and kept in `.local/state/jupyter-utils/jupyter-token` of {option}`directory`.";
  passwordFile =
    common.secret "a password that JupyterLab asks for instead of a token"
      "/run/secrets/jupyter-password"
      "";

  gpu = mkOption {
    type = types.bool;
    default = false;
    example = true;
    description = ''
      Whether notebooks may use NVIDIA GPUs. Without it no device is in sight. Take {option}`package` with CUDA
      (`lab-gpu`), and have the driver in {option}`services.xserver.videoDrivers`, and {option}`hardware.nvidia.open` set to true or false.
    '';
  };

  mlflow = {
    url = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "https://mlflow.example.org";
      description = ''
        The MLflow server that `save_mlflow` sends runs to; `null`: one is started with the lab, in the same unit.
        With `nixosModules.default`, and `services.mlflow-server` on this machine: that one.
      '';
    };
    uiUrl = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "https://mlflow.example.org";
      description = "Address of MLflow as browsers reach it, for the links that notebooks show; `null`: the same as {option}`mlflow.url`.";
    };
    passwordFile =
      common.secret "the password of MLflow's administrator (or of `MLFLOW_TRACKING_USERNAME`)"
        "/run/secrets/mlflow-admin"
        "Where it is missing, none is sent.";
  };

  extraArguments = mkOption {
    type = types.listOf types.str;
    default = [ ];
    example = [
      "--ServerApp.base_url=/lab/"
      "--MappingKernelManager.cull_idle_timeout=86400"
    ];
    description = "Further arguments of `jupyter lab`. Port and address have options of their own.";
  };
}
