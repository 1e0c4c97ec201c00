# JupyterLab as a service: one definition for the NixOS module and for plain units. See ./mlflow.nix for its form.
{
  # The command `jupyter-utils` of an environment with JupyterLab.
  program,
  # The unit's name.
  name ? "jupyterlab",
  # Whom it runs as; somebody must have made that user.
  user ? "jupyterlab",
  # null: the user's own.
  group ? user,
  # Its home folder: token, SSH keys, settings of the page. Below /var/lib, systemd makes it.
  directory ? "/var/lib/jupyterlab",
  # What the file browser can reach.
  notebooks ? "${directory}/notebooks",
  # What terminals run.
  shell ? "/bin/bash",
  # Folders beside its own that notebooks may write to.
  writable ? [ ],
  # Where MLflow is; null: one is started in the same unit.
  mlflowUri ? "http://127.0.0.1:15000",
  # File with the password for it. May be missing where MLflow asks for none.
  mlflowPasswordFile ? "/var/lib/mlflow/auth/admin-password",
  # The unit of an MLflow on this machine, to be started before.
  mlflowUnit ? "mlflow-server.service",
  # Name of a setting -> file with its value, or for one that names a file, that file; root reads them.
  credentials ? { },
  gpu ? false,
  # Further arguments of `jupyter lab`.
  arguments ? [ ],
  environment ? { },
  serviceConfig ? { },
  environmentFile ? "-/etc/jupyter-utils/${name}.env",
}:
let
  common = import ./common.nix;
  hardening = import ./hardening.nix;
  inherit (common) escape;
  below = prefix: path: builtins.substring 0 (builtins.stringLength prefix) path == prefix;
  isState = below "/var/lib/" directory;
  isHome = below "/home/" directory;
  units = if mlflowUnit == null then [ ] else [ mlflowUnit ];
in
{
  services.${name} = {
    description = "JupyterLab";
    documentation = [ "https://jupyterlab.readthedocs.io/" ];
    wants = [ "network-online.target" ] ++ units;
    after = [ "network-online.target" ] ++ units;
    wantedBy = [ "multi-user.target" ];
    environment =
      common.environment
      // {
        HOME = directory;
        SHELL = shell;
        JUPYTER_ROOT_DIR = notebooks;
      }
      // (if mlflowUri == null then { } else { MLFLOW_TRACKING_URI = mlflowUri; })
      // environment;
    unitConfig = common.limits;
    serviceConfig =
      hardening.server
      // (if gpu then hardening.gpu else { })
      // common.server
      // {
        User = user;
        ExecStart = builtins.concatStringsSep " " (
          [ "${program} lab" ] ++ (if arguments == [ ] then [ ] else [ "--" ] ++ map escape arguments)
        );
        WorkingDirectory = if isState || isHome then directory else "-${directory}";
        EnvironmentFile = environmentFile;
        ReadWritePaths = writable ++ (if isState then [ ] else [ directory ]);
        # Notebooks compile, and set priorities and affinities; both are theirs to do.
        SystemCallFilter = [
          "@system-service"
          "~@privileged"
        ];
        LoadCredential =
          map (setting: "${setting}:${credentials.${setting}}") (builtins.attrNames credentials)
          ++ (
            if mlflowPasswordFile == null then
              [ ]
            else
              [ "MLFLOW_TRACKING_PASSWORD_FILE:${mlflowPasswordFile}" ]
          );
        # Taken where that file is missing; a blank one counts as unset.
        SetCredential = if mlflowPasswordFile == null then [ ] else [ "MLFLOW_TRACKING_PASSWORD_FILE:\\n" ];
      }
      // (if group == null then { } else { Group = group; })
      // (
        if isState then
          {
            StateDirectory = builtins.replaceStrings [ "/var/lib/" ] [ "" ] directory;
            StateDirectoryMode = "0700";
          }
        else
          { }
      )
      # Of all homes its own alone.
      // (
        if isHome then
          {
            ProtectHome = "tmpfs";
            BindPaths = [ directory ];
          }
        else
          { }
      )
      // serviceConfig;
  };
  timers = { };
}
