# services.mlflow-server: the MLflow tracking server as a service of NixOS.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.mlflow-server;
  common = import ./common.nix { inherit lib; };
  option = "services.mlflow-server";
  listed = values: if values == [ ] then null else lib.concatStringsSep "," values;

  credentials = lib.filterAttrs (_name: file: file != null) {
    MLFLOW_ADMIN_PASSWORD_FILE = cfg.adminPasswordFile;
    MLFLOW_BACKEND_STORE_URI = cfg.backendStoreUriFile;
  };
  units = import ../services/mlflow.nix {
    program = "${cfg.package}/bin/jupyter-utils";
    inherit (cfg)
      user
      group
      storeGroup
      directory
      ;
    backups = cfg.backup.directory;
    inherit (cfg.backup) keep;
    inherit (cfg.gc) olderThan;
    onCalendar = {
      backup = cfg.backup.onCalendar;
      gc = cfg.gc.onCalendar;
    };
    environment = common.environment cfg {
      MLFLOW_PORT = toString cfg.port;
      MLFLOW_WORKERS = toString cfg.workers;
      MLFLOW_AUTH = if cfg.auth == "auto" && cfg.nginx.enable then "on" else cfg.auth;
      MLFLOW_STATIC_PREFIX = cfg.staticPrefix;
      MLFLOW_BACKEND_STORE_URI = cfg.backendStoreUri;
      MLFLOW_ARTIFACTS_DESTINATION = cfg.artifactsDestination;
      MLFLOW_ARTIFACT_LOCATIONS = listed cfg.artifactLocations;
      MLFLOW_SERVER_ALLOWED_HOSTS = listed (
        cfg.allowedHosts ++ lib.optional cfg.nginx.enable cfg.nginx.hostName
      );
      MLFLOW_SERVER_CORS_ALLOWED_ORIGINS = listed cfg.corsAllowedOrigins;
      # Where its processes keep their counts.
      prometheus_multiproc_dir = if cfg.metrics.enable then "/run/mlflow-server" else null;
    };
    environmentFile = lib.optional (cfg.environmentFile != null) cfg.environmentFile;
    serviceConfig =
      common.resources cfg
      // {
        LoadCredential = lib.mapAttrsToList (name: file: "${name}:${file}") credentials;
      }
      // lib.optionalAttrs cfg.metrics.enable {
        RuntimeDirectory = "mlflow-server";
        RuntimeDirectoryPreserve = true;
      };
  };
  wanted =
    name:
    (cfg.backup.enable || !lib.hasInfix "-backup" name && !lib.hasInfix "-restore" name)
    && (cfg.gc.enable || !lib.hasInfix "-gc" name);
  onlyWanted = lib.filterAttrs (name: _unit: wanted name);
  isSqlite =
    cfg.backendStoreUriFile == null
    && (cfg.backendStoreUri == null || lib.hasPrefix "sqlite:" cfg.backendStoreUri);
in
{
  options.services.mlflow-server = import ./mlflow-options.nix { inherit lib config pkgs; };

  config = lib.mkIf cfg.enable {
    assertions =
      common.assertions option cfg [
        "adminPasswordFile"
        "backendStoreUriFile"
      ]
      ++ [
        {
          assertion = config.users.users ? ${cfg.user};
          message = "${option}.user = \"${cfg.user}\" is not a user of this machine: add users.users.${cfg.user}, or set ${option}.user.";
        }
        {
          assertion = config.users.groups ? ${cfg.group};
          message = "${option}.group = \"${cfg.group}\" is not a group of this machine: add users.groups.${cfg.group} = { }, or set ${option}.group.";
        }
        {
          assertion = cfg.backendStoreUri == null || cfg.backendStoreUriFile == null;
          message = "${option}.backendStoreUri and ${option}.backendStoreUriFile both name the database: set one of them.";
        }
        {
          assertion =
            cfg.backendStoreUri == null || builtins.match "[^/]*//[^/@]*:[^/@]+@.*" cfg.backendStoreUri == null;
          message = "${option}.backendStoreUri holds a password, which would lie in the Nix store for everybody to read: write the address into a file and set ${option}.backendStoreUriFile.";
        }
        {
          assertion = cfg.backup.enable -> isSqlite;
          message = "${option}.backup is for SQLite, but the database is another one: use its own, such as services.postgresqlBackup, and set ${option}.backup.enable = false.";
        }
        {
          assertion =
            cfg.auth == "off"
            ->
              !cfg.nginx.enable
              || config.services.nginx.virtualHosts.${cfg.nginx.hostName}.basicAuthFile or null != null;
          message = "${option}.auth = \"off\" behind nginx lets everybody in who can reach it: set ${option}.auth = \"on\", or services.nginx.virtualHosts.\"${cfg.nginx.hostName}\".basicAuthFile.";
        }
        {
          assertion = cfg.adminPasswordFile != null -> cfg.auth != "off";
          message = "${option}.adminPasswordFile is of no use with ${option}.auth = \"off\": set auth to \"on\" or \"auto\", or unset the file.";
        }
      ];

    systemd.services = lib.mkMerge [
      (lib.mapAttrs (_name: unit: unit // { path = cfg.extraPackages; }) (onlyWanted units.services))
      # A database on this machine comes first, with its users.
      (lib.mkIf (!isSqlite) {
        mlflow-server.after = [
          "postgresql.service"
          "postgresql.target"
        ];
      })
    ];
    systemd.timers = onlyWanted units.timers;
    systemd.tmpfiles.settings."10-mlflow-server" =
      lib.genAttrs
        (lib.filter (path: !lib.hasPrefix "/var/lib/" path) [
          cfg.directory
          cfg.backup.directory
        ])
        (_path: {
          d = {
            inherit (cfg) user;
            group = if cfg.storeGroup == null then cfg.group else cfg.storeGroup;
            mode = if cfg.storeGroup == null then "0700" else "0750";
          };
        });

    users.users = lib.mkIf (cfg.user == "mlflow") {
      mlflow = {
        description = "MLflow";
        isSystemUser = true;
        inherit (cfg) group;
        home = cfg.directory;
      };
    };
    users.groups = lib.mkIf (cfg.group == "mlflow") { mlflow = { }; };

    # For `sudo -u mlflow jupyter-utils ...`
    environment.systemPackages = [ cfg.package ];
    networking.firewall.allowedTCPPorts = lib.optional cfg.openFirewall cfg.port;
    services.nginx = lib.mkIf cfg.nginx.enable {
      enable = true;
      virtualHosts.${cfg.nginx.hostName} = common.virtualHost cfg "/";
    };
  };
}
