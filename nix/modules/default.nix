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
  url = "http://${reached}:${toString mlflow.port}${prefix}";
  # By its addresses of this configuration.
  isHere =
    address:
    lib.elem address (
      [
        url
        (lib.replaceStrings [ "//127.0.0.1:" ] [ "//localhost:" ] url)
      ]
      ++ lib.optional mlflow.nginx.enable "https://${mlflow.nginx.hostName}${prefix}"
    );
  wiring =
    cfg:
    lib.mkIf mlflow.enable {
      mlflow = {
        url = lib.mkDefault url;
        uiUrl = lib.mkIf mlflow.nginx.enable (lib.mkDefault "https://${mlflow.nginx.hostName}${prefix}");
        # Read by root whenever the lab asks for it; missing where MLflow asks for no password. For no other server.
        passwordFile = lib.mkIf (isHere cfg.mlflow.url) (
          lib.mkDefault (
            if mlflow.adminPasswordFile != null then
              mlflow.adminPasswordFile
            else
              "${mlflow.directory}/auth/admin-password"
          )
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
    type = lib.types.attrsOf (
      lib.types.submodule (
        { config, ... }:
        {
          config = wiring config;
        }
      )
    );
  };
  config.services.jupyterlab = wiring config.services.jupyterlab;
}
