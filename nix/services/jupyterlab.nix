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
  # File with the password for it, which root reads whenever the lab asks for it: by a socket that only the lab's user may
  # connect to. It may be missing, or change, while the lab runs.
  mlflowPasswordFile ? "/var/lib/mlflow/auth/admin-password",
  # The server that it is for, and no other, whatever MLFLOW_TRACKING_URI says in the end: null, the one of this machine,
  # whose settings are in `mlflowEnvironmentFile`.
  mlflowPasswordFor ? null,
  mlflowEnvironmentFile ? "-/etc/jupyter-utils/mlflow-server.env",
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
  # jupyterlab@ is a template, and so is its socket; the services behind sockets bear a number of systemd's own.
  isTemplate = builtins.match ".*@" name != null;
  base = if isTemplate then builtins.substring 0 (builtins.stringLength name - 1) name else name;
  telling = "${base}-password";
  socket = if isTemplate then "${telling}@%i.socket" else "${telling}.socket";
  tells = mlflowPasswordFile != null;
  told = "/run/${socket}";
  isServed = mlflowPasswordFor == null;
  meant = if isServed then "--served" else "--for ${escape mlflowPasswordFor}";
  units = (if mlflowUnit == null then [ ] else [ mlflowUnit ]) ++ (if tells then [ socket ] else [ ]);
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
      // (if tells then { MLFLOW_TRACKING_PASSWORD_FILE = told; } else { })
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
        LoadCredential = map (setting: "${setting}:${credentials.${setting}}") (
          builtins.attrNames credentials
        );
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
  services.${if tells then "${telling}@" else null} = {
    description = "Telling JupyterLab MLflow's password";
    inherit (common) environment;
    unitConfig.CollectMode = "inactive-or-failed";
    serviceConfig = hardening.server // {
      DynamicUser = true;
      ExecStart = "${program} credential password ${meant}";
      StandardInput = "socket";
      StandardError = "journal";
      EnvironmentFile = if isServed then [ mlflowEnvironmentFile ] else [ ];
      LoadCredential = "password:${mlflowPasswordFile}";
      # Taken where that file is missing: none is asked for.
      SetCredential = "password:\\n";
      PrivateNetwork = true;
      SystemCallFilter = [
        "@system-service"
        "~@privileged"
      ];
    };
  };
  timers = { };
}
// (
  if tells then
    {
      sockets.${if isTemplate then "${telling}@" else telling} = {
        description = "MLflow's password, for JupyterLab";
        socketConfig = {
          ListenStream = told;
          SocketUser = user;
          SocketMode = "0600";
          Accept = true;
          RemoveOnStop = true;
        };
      };
    }
  else
    { }
)
