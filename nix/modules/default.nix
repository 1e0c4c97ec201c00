# Both services, wired together: labs of this machine send their runs to the MLflow server of this machine.
{ config, lib, ... }:
let
  mlflow = config.services.mlflow-server;
  reached =
    if
      lib.elem mlflow.host [
        "0.0.0.0"
        "::"
      ]
    then
      "127.0.0.1"
    else
      mlflow.host;
  prefix = if mlflow.staticPrefix == null then "" else mlflow.staticPrefix;
  wiring = lib.mkIf mlflow.enable {
    mlflow = {
      url = lib.mkDefault "http://${reached}:${toString mlflow.port}${prefix}";
      uiUrl = lib.mkIf mlflow.nginx.enable (lib.mkDefault "https://${mlflow.nginx.hostName}${prefix}");
      # Read by root whenever the lab asks for it; missing where MLflow asks for no password.
      passwordFile = lib.mkDefault (
        if mlflow.adminPasswordFile != null then
          mlflow.adminPasswordFile
        else
          "${mlflow.directory}/auth/admin-password"
      );
    };
  };
in
{
  imports = [
    ./jupyterlab.nix
    ./mlflow.nix
  ];

  options.services.jupyterlab.instances = lib.mkOption {
    type = lib.types.attrsOf (lib.types.submodule { config = wiring; });
  };
  config.services.jupyterlab = wiring;
}
