# What must hold of the labs of services.jupyterlab: unit name -> { option, cfg }.
{
  config,
  lib,
  common,
}:
labs:
let
  all = map (lab: lab.cfg) (lib.attrValues labs);
  ports = map (cfg: cfg.port) all;
  hosts = map (cfg: cfg.nginx.hostName) (lib.filter (cfg: cfg.nginx.enable) all);
in
lib.concatMap (
  { option, cfg }:
  common.assertions option cfg [
    "tokenFile"
    "passwordFile"
    "mlflow.passwordFile"
  ]
  ++ [
    {
      assertion = cfg.tokenFile == null || cfg.passwordFile == null;
      message = "${option}.tokenFile and ${option}.passwordFile exclude each other: set the one that users are to be asked for.";
    }
    {
      assertion = cfg.user == "jupyterlab" || config.users.users ? ${cfg.user};
      message = "${option}.user = \"${cfg.user}\" is not a user of this machine: add users.users.${cfg.user}, or set ${option}.user.";
    }
    {
      assertion = cfg.group == null || cfg.group == "jupyterlab" || config.users.groups ? ${cfg.group};
      message = "${option}.group = \"${toString cfg.group}\" is not a group of this machine: add users.groups.${toString cfg.group} = { }, or set ${option}.group.";
    }
    {
      assertion = cfg.user != "root";
      message = "${option}.user = \"root\": a notebook can run anything, and would do so as root. Set it to another user.";
    }
  ]
) (lib.attrValues labs)
++ [
  {
    assertion = lib.allUnique ports;
    message = "Several labs of services.jupyterlab have the same port (${
      lib.concatMapStringsSep ", " toString ports
    }): set services.jupyterlab.instances.NAME.port to one of its own.";
  }
  {
    # All but one of them would be reached by nobody.
    assertion = lib.allUnique hosts;
    message = "Several labs of services.jupyterlab have the same name in nginx (${toString hosts}): set services.jupyterlab.instances.NAME.nginx.hostName to one of its own.";
  }
]
