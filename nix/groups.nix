# The groups of pyproject.toml that a lab holds; `lock.py --project` adds one for the packages of a project.
{ lock }:
let
  inherit ((builtins.fromTOML (builtins.readFile (lock + "/pyproject.toml"))).tool.poetry) group;
in
{
  runtime = [
    "main"
    "lab"
    "ml"
    "mlflow"
  ]
  ++ (if group ? project then [ "project" ] else [ ]);
  server = [
    "main"
    "mlflow"
  ];
}
