# The services of ../services as plain systemd units, and the command that installs them.
{
  system,
  lab,
  mlflow,
  gpu ? false,
}:
let
  text = import ../services/units.nix;
  jupyterlab = import ../services/jupyterlab.nix;
  program = package: "${package}/bin/jupyter-utils";
  backend = import ../services/mlflow.nix { program = program mlflow; };
  own = jupyterlab {
    program = program lab;
    inherit gpu;
  };
  # systemctl start jupyterlab@taro: a further lab, of the user taro; its port stands in the file.
  template = jupyterlab {
    program = program lab;
    name = "jupyterlab@";
    user = "%i";
    group = null;
    directory = "/var/lib/jupyterlab-%i";
    environmentFile = "-/etc/jupyter-utils/jupyterlab@%i.env";
    inherit gpu;
  };
  name = if gpu then "units-gpu" else "units";
in
system.run ./build/units.py {
  inherit name;
  program = program lab;
  system_units = builtins.toJSON (text {
    services = backend.services // own.services // template.services;
    sockets = own.sockets // template.sockets;
    inherit (backend) timers;
  });
  user_units = builtins.toJSON (text (import ../services/user.nix { program = program lab; }));
  sysusers = ''
    u jupyterlab - "JupyterLab" /var/lib/jupyterlab /bin/bash
    u mlflow - "MLflow" /var/lib/mlflow /usr/sbin/nologin
  '';
  start = builtins.toJSON {
    system = [
      "mlflow-server.service"
      "jupyterlab.service"
      "mlflow-server-backup.timer"
    ];
    user = [
      "jupyterlab.service"
      "jupyterlab-backup.timer"
    ];
    # What is left after an uninstallation.
    data = {
      system = [
        "/var/lib/jupyterlab"
        "/var/lib/mlflow"
        "/var/lib/mlflow-backup"
      ];
      user = [
        "~/.local/share/jupyter-utils"
        "~/.local/state/jupyter-utils"
      ];
    };
  };
}
// {
  meta = {
    description = "JupyterLab and MLflow as systemd units, and the command that installs them";
    mainProgram = name;
    inherit (import ../shared/project.nix) license;
  };
}
