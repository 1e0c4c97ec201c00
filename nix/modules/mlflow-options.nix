# The options of services.mlflow-server; ./mlflow.nix says what they do.
{
  lib,
  config,
  pkgs,
}:
let
  inherit (lib)
    mkOption
    mkEnableOption
    types
    literalExpression
    ;
  common = import ./common-options.nix { inherit lib; };
  calendar =
    default: what:
    mkOption {
      type = types.str;
      inherit default;
      example = "Sat *-*-* 02:00:00";
      description = "When ${what}, as in {manpage}`systemd.time(7)`.";
    };
in
{
  enable = mkEnableOption "the MLflow tracking server";

  package = mkOption {
    type = types.package;
    default =
      pkgs.jupyter-utils-lab.mlflow
        or (throw "services.mlflow-server.package is not set: import the module as `nixosModules.mlflow` of the flake, add the flake's overlay, or set the package.");
    defaultText = literalExpression "the flake's packages.mlflow";
    example = literalExpression "lab.legacyPackages.x86_64-linux.debian.mlflow";
    description = "Package whose `bin/jupyter-utils` runs the server: `mlflow` or `lab` of either base.";
  };

  user = mkOption {
    type = types.str;
    default = "mlflow";
    example = "tracking";
    description = "User that it runs as. The default one is made; any other must exist.";
  };
  group = mkOption {
    type = types.str;
    default = "mlflow";
    example = "research";
    description = "Group that it runs as. The default one is made; any other must exist.";
  };
  storeGroup = mkOption {
    type = types.nullOr types.str;
    default = null;
    example = "research";
    description = ''
      Group whose members may read {option}`directory` and the backups, but not the passwords in `auth/`; `null`: nobody
      but {option}`user`. It must exist, and the server runs in it instead of in {option}`group`.
    '';
  };
  directory = mkOption {
    type = types.path;
    default = "/var/lib/mlflow";
    example = "/srv/mlflow";
    description = "Where its data lies: `mlflow.db`, `artifacts/` and `auth/`. Only {option}`user` can look into it, and {option}`storeGroup`.";
  };

  backendStoreUri = mkOption {
    type = types.nullOr types.str;
    default = null;
    example = "postgresql:///mlflow?host=/run/postgresql";
    description = ''
      Database of the runs, as SQLAlchemy writes it; `null`: SQLite in {option}`directory`. With a password in it,
      use {option}`backendStoreUriFile`. Its tables are brought up to date before the server starts; of an SQLite
      database the old one is kept beside it.
    '';
  };
  backendStoreUriFile =
    common.secret "the address of the database, with its password" "/run/secrets/mlflow-database"
      "Instead of {option}`backendStoreUri`.";
  artifactsDestination = mkOption {
    type = types.nullOr types.str;
    default = null;
    example = "s3://bucket/mlflow";
    description = "Where artifacts are kept; `null`: in {option}`directory`. Keys of S3 belong into {option}`environmentFile`.";
  };

  artifactLocations = mkOption {
    type = types.listOf types.str;
    default = [ ];
    example = [ "s3://older-bucket/mlflow" ];
    description = "Further folders or buckets in which experiments may keep artifacts; without them only {option}`artifactsDestination`.";
  };

  workers = mkOption {
    type = types.ints.between 1 64;
    default = 1;
    example = 4;
    description = "Worker processes, each about 0.3 GB.";
  };
  allowedHosts = mkOption {
    type = types.listOf types.str;
    default = [ ];
    example = [
      "mlflow.example.org"
      "mlflow.example.org:*"
    ];
    description = ''
      Names under which the server is reached beside those of this machine and of {option}`nginx`, as in the Host header:
      with the port, unless it is that of the scheme. Others are refused, so that no foreign name can be made to
      point here (DNS rebinding).
    '';
  };
  corsAllowedOrigins = mkOption {
    type = types.listOf types.str;
    default = [ ];
    example = [ "https://dashboard.example.org" ];
    description = "Other sites whose pages may call the server from a browser. The server's own pages always may.";
  };
  staticPrefix = mkOption {
    type = types.nullOr (types.strMatching "/[^ ]*[^/ ]");
    default = null;
    example = "/mlflow";
    description = "Path below which everything is served, without a slash at the end.";
  };

  auth = mkOption {
    type = types.enum [
      "auto"
      "on"
      "off"
    ];
    default = "auto";
    example = "on";
    description = ''
      Whether MLflow asks for a password (its basic-auth). `auto`: if other machines can reach it, by {option}`host` or
      through {option}`nginx`, or other people have accounts on this one. JupyterLab and its notebooks know the password.
      The administrator is `admin`; further users are made in MLflow.
    '';
  };
  adminPasswordFile =
    common.secret "the administrator's password, at least 12 characters" "/run/secrets/mlflow-admin"
      "`null`: one is made once and kept in `auth/admin-password` of {option}`directory`.";

  metrics.enable = mkEnableOption "metrics for Prometheus at `/metrics`";

  gc = {
    enable = mkEnableOption "the weekly removal of what was deleted in MLflow, artifacts included (`mlflow gc`)";
    olderThan = mkOption {
      type = types.strMatching "([0-9.]+d)?([0-9.]+h)?([0-9.]+m)?([0-9.]+s)?";
      default = "30d";
      example = "7d12h";
      description = "How long ago it must have been deleted.";
    };
    onCalendar = calendar "Sun *-*-* 04:15:00" "it runs";
  };

  backup = {
    enable = mkEnableOption ''
      a daily backup of the SQLite database and the artifacts while the server runs. Put one back with
      `systemctl start mlflow-server-restore@latest`; what was there is kept aside'';
    directory = mkOption {
      type = types.path;
      default = "/var/lib/mlflow-backup";
      example = "/mnt/backup/mlflow";
      description = "Where backups go, one folder each; unchanged artifacts are shared between them. Better another disk.";
    };
    keep = mkOption {
      type = types.ints.positive;
      default = 7;
      example = 30;
      description = "Number of newest backups that are kept.";
    };
    onCalendar = calendar "*-*-* 03:15:00" "it runs";
  };
}
// common.options {
  inherit config;
  what = "the MLflow server";
  ports = 15000;
}
