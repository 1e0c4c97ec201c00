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
  cpu = groups: description: {
    variant = "cpu";
    inherit groups description;
  };
  cuda = groups: description: {
    variant = "cuda";
    inherit groups;
    description = "${description}, with CUDA for NVIDIA GPUs";
  };
  python = "Python with JupyterLab, MLflow and the libraries for deep learning on text";
in
{
  environment = cpu lab python;
  environment-gpu = cuda lab python;
  environment-mlflow = cpu [
    "main"
    "mlflow"
  ] "Python with the MLflow server and jupyter_utils alone";
  environment-all = cpu (lab ++ test) "${python}, and the tools that test and format it";
  environment-all-gpu = cuda (lab ++ test) "${python}, and the tools that test and format it";
}
