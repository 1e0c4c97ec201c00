# services.jupyterlab: JupyterLab as a service of NixOS; one lab, and as many more as there are instances.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  own = config.services.jupyterlab;
  common = import ./common.nix { inherit lib; };

  # Unit name -> { option, cfg }
  labs =
    lib.optionalAttrs own.enable {
      jupyterlab = {
        option = "services.jupyterlab";
        cfg = own;
      };
    }
    // lib.mapAttrs' (
      name: cfg:
      lib.nameValuePair "jupyterlab-${name}" {
        option = "services.jupyterlab.instances.${name}";
        inherit cfg;
      }
    ) own.instances;
  all = map (lab: lab.cfg) (lib.attrValues labs);

  # Services and sockets of a lab.
  made =
    name:
    { cfg, ... }:
    let
      credentials = lib.filterAttrs (_name: file: file != null) {
        JUPYTER_TOKEN_FILE = cfg.tokenFile;
        JUPYTER_PASSWORD_FILE = cfg.passwordFile;
      };
      units = import ../services/jupyterlab.nix (
        {
          program = "${cfg.package}/bin/jupyter-utils";
          inherit name credentials;
          inherit (cfg)
            user
            group
            directory
            gpu
            ;
          shell = "/run/current-system/sw/bin/bash";
          writable = cfg.writablePaths ++ elsewhere cfg;
          mlflowUri = cfg.mlflow.url;
          mlflowPasswordFile = cfg.mlflow.passwordFile;
          mlflowPasswordFor = if cfg.mlflow.url == null then "" else cfg.mlflow.url;
          mlflowUnit =
            if config.services.mlflow-server.enable or false then "mlflow-server.service" else null;
          arguments = cfg.extraArguments;
          environment = common.environment cfg {
            JUPYTER_PORT = toString cfg.port;
            JUPYTER_ALLOWED_HOSTS = if cfg.nginx.enable then cfg.nginx.hostName else null;
            MLFLOW_UI_URL = cfg.mlflow.uiUrl;
          };
          environmentFile = lib.optional (cfg.environmentFile != null) cfg.environmentFile;
          serviceConfig = common.resources cfg;
        }
        // lib.optionalAttrs (cfg.notebookDirectory != null) { notebooks = cfg.notebookDirectory; }
      );
    in
    {
      sockets = { };
    }
    // units
    // {
      services = units.services // {
        ${name} = units.services.${name} // {
          path = cfg.extraPackages;
        };
      };
    };
  each = kind: lib.mkMerge (map (one: one.${kind}) (lib.attrValues (lib.mapAttrs made labs)));

  # Where notebooks are kept, unless that is in the lab's own folder.
  elsewhere =
    cfg:
    lib.filter (path: path != null && !lib.hasPrefix "${cfg.directory}/" path) [
      cfg.notebookDirectory
    ];

  behindNginx = lib.filter (cfg: cfg.nginx.enable) all;
  isDefaultUser = lib.any (cfg: cfg.user == "jupyterlab") all;
  isDefaultGroup = lib.any (cfg: cfg.group == "jupyterlab") all;
in
{
  options.services.jupyterlab = {
    enable = lib.mkEnableOption "JupyterLab";
    instances = mkOption {
      type = types.attrsOf (
        types.submodule (
          { name, ... }:
          {
            options = import ./lab-options.nix {
              inherit lib config pkgs;
              instance = name;
            };
          }
        )
      );
      default = { };
      example = lib.literalExpression "{ taro.port = 18081; hanako = { port = 18082; gpu = true; }; }";
      description = ''
        Further labs on this machine, one a user: each is the service `jupyterlab-NAME`, runs as the user NAME, and has
        a port and the same options as {option}`services.jupyterlab` itself, which need not be enabled.
      '';
    };
  }
  // import ./lab-options.nix { inherit lib config pkgs; };

  config = lib.mkIf (labs != { }) {
    assertions = import ./lab-assertions.nix { inherit config lib common; } labs;

    systemd.services = each "services";
    systemd.sockets = each "sockets";
    systemd.tmpfiles.settings = lib.mapAttrs' (
      name:
      { cfg, ... }:
      lib.nameValuePair "10-${name}" (
        lib.genAttrs
          (
            lib.filter (path: !lib.hasPrefix "/var/lib/" path && !lib.hasPrefix "/home/" path) [ cfg.directory ]
            ++ elsewhere cfg
          )
          (_path: {
            d = {
              inherit (cfg) user;
              mode = "0700";
            }
            // lib.optionalAttrs (cfg.group != null) { inherit (cfg) group; };
          })
      )
    ) labs;

    users.users = lib.mkIf isDefaultUser {
      jupyterlab = {
        description = "JupyterLab";
        isSystemUser = true;
        group = "jupyterlab";
        home = own.directory;
        # Terminals, and SSH, look for one.
        useDefaultShell = true;
      };
    };
    users.groups = lib.mkIf (isDefaultUser || isDefaultGroup) { jupyterlab = { }; };
    networking.firewall.allowedTCPPorts = map (cfg: cfg.port) (lib.filter (cfg: cfg.openFirewall) all);
    services.nginx = lib.mkIf (behindNginx != [ ]) {
      enable = true;
      virtualHosts = lib.listToAttrs (
        map (cfg: lib.nameValuePair cfg.nginx.hostName (common.virtualHost cfg "/")) behindNginx
      );
    };
  };
}
