# The environments that both bases make: a variant of the lock, and groups of its pyproject.toml.
{
  lock,
  # The groups that the tests need beside a lab's.
  test,
}:
let
  inherit ((builtins.fromTOML (builtins.readFile (lock + "/pyproject.toml"))).tool.poetry) group;
  lab = [
    "main"
    "lab"
    "ml"
    "mlflow"
  ]
  # `lock.py --project` adds one for the packages of a project.
  ++ (if group ? project then [ "project" ] else [ ]);
  cpu = groups: {
    variant = "cpu";
    inherit groups;
  };
  cuda = groups: {
    variant = "cuda";
    inherit groups;
  };
in
{
  environment = cpu lab;
  environment-gpu = cuda lab;
  environment-mlflow = cpu [
    "main"
    "mlflow"
  ];
  environment-all = cpu (lab ++ test);
  environment-all-gpu = cuda (lab ++ test);
}
