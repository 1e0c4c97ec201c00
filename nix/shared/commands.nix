# What people start, on both bases: a command in one of ./environments.nix, and what is said of it.
{
  lab = {
    environment = "environment";
    command = "jupyter-utils lab";
    description = "Start JupyterLab and MLflow in the current folder";
  };
  lab-gpu = {
    environment = "environment-gpu";
    command = "jupyter-utils lab";
    description = "Start JupyterLab and MLflow in the current folder, with CUDA for NVIDIA GPUs";
  };
  mlflow = {
    environment = "environment-mlflow";
    command = "jupyter-utils mlflow";
    description = "Start an MLflow tracking server alone";
  };
}
