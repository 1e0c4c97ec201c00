# The modules of ../modules, which know nothing of this flake, with its packages handed in.
{ packages }: # of ../nixpkgs
let
  jupyterlab =
    { lib, ... }:
    {
      services.jupyterlab.package = lib.mkDefault packages.lab;
    };
  mlflow =
    { lib, ... }:
    {
      services.mlflow-server.package = lib.mkDefault packages.mlflow;
    };
in
{
  default.imports = [
    ../modules
    jupyterlab
    mlflow
  ];
  jupyterlab.imports = [
    ../modules/jupyterlab.nix
    jupyterlab
  ];
  mlflow.imports = [
    ../modules/mlflow.nix
    mlflow
  ];
}
