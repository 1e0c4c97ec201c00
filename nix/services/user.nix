# A lab as a service of one user: JupyterLab and MLflow in one unit, in the user's own folders, and their backup.
# Kept out of a sandbox on purpose: it is the user's own session, whose terminals may use sudo, Docker and every file.
{ program }:
let
  common = import ./common.nix;
  # Read by systemd before the launcher looks anywhere else.
  environmentFile = "-%h/.config/jupyter-utils/lab.env";
  environment = {
    inherit (common.environment) LANG;
    JUPYTER_ROOT_DIR = "%h";
  };
in
{
  services = {
    jupyterlab = {
      description = "JupyterLab and MLflow";
      documentation = [
        "https://jupyterlab.readthedocs.io/"
        "https://mlflow.org/docs/latest/"
      ];
      wantedBy = [ "default.target" ];
      inherit environment;
      unitConfig = common.limits;
      serviceConfig = common.server // {
        ExecStart = "${program} lab";
        WorkingDirectory = "%h";
        EnvironmentFile = environmentFile;
      };
    };
    jupyterlab-backup = {
      description = "Backup of MLflow's data";
      inherit environment;
      serviceConfig = {
        Type = "oneshot";
        ExecStart = "${program} backup --keep 7 %h/.local/share/jupyter-utils/backups";
        WorkingDirectory = "%h";
        EnvironmentFile = environmentFile;
        Nice = 10;
      };
    };
  };
  timers.jupyterlab-backup = {
    description = "Daily backup of MLflow's data";
    wantedBy = [ "timers.target" ];
    timerConfig = {
      OnCalendar = "daily";
      RandomizedDelaySec = "15min";
      Persistent = true;
    };
  };
}
