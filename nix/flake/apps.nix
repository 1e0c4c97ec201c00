# What `nix run` starts. Each is a program that says itself what it does.
{ lab }: # what ../nixpkgs makes
let
  app = package: {
    type = "app";
    program = "${package}/bin/${package.meta.mainProgram}";
    meta = { inherit (package.meta) description; };
  };
in
{
  default = app lab.packages.default;
  lab = app lab.packages.lab;
  lab-gpu = app lab.packages.lab-gpu;
  mlflow = app lab.packages.mlflow;
  load = app lab.load;
  load-gpu = app lab.load-gpu;
  lock = app lab.lock-command;
}
