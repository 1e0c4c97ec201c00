# The MLflow server and what keeps its data in order: one definition for the NixOS module and for plain units.
# In the form of NixOS' `systemd.services` and `systemd.timers`; `./units.nix` writes the same as files.
{
  # The command `jupyter-utils` of an environment with MLflow.
  program,
  # The unit's name; the others are called after it.
  name ? "mlflow-server",
  # Whom it runs as; somebody must have made that user.
  user ? "mlflow",
  group ? user,
  # Whose members may read its data and backups, but not the passwords; null: nobody.
  storeGroup ? null,
  # Where its data lies. Below /var/lib, systemd makes it.
  directory ? "/var/lib/mlflow",
  backups ? "/var/lib/mlflow-backup",
  # Further arguments of `mlflow server`.
  arguments ? [ ],
  # Over the defaults here: environment variables, and settings of [Service] for all of its units.
  environment ? { },
  serviceConfig ? { },
  # Optional file with more environment variables.
  environmentFile ? "-/etc/jupyter-utils/${name}.env",
  olderThan ? "30d",
  keep ? 7,
  onCalendar ? {
    backup = "*-*-* 03:15:00";
    gc = "Sun *-*-* 04:15:00";
  },
}:
let
  common = import ./common.nix;
  inherit (common) escape;
  below = prefix: path: builtins.substring 0 (builtins.stringLength prefix) path == prefix;
  # systemd makes these; others must be there.
  states = builtins.filter (below "/var/lib/") [
    directory
    backups
  ];
  others = builtins.filter (path: !below "/var/lib/" path) [
    directory
    backups
  ];

  sandbox =
    (import ./hardening.nix).server
    // {
      User = user;
      # Its own group, since it may not give files to others (hardening.nix).
      Group = if storeGroup == null then group else storeGroup;
      StateDirectory = map (builtins.replaceStrings [ "/var/lib/" ] [ "" ]) states;
      StateDirectoryMode = if storeGroup == null then "0700" else "0750";
      ReadWritePaths = others;
      WorkingDirectory = directory;
      EnvironmentFile = environmentFile;
      SystemCallFilter = [
        "@system-service"
        "~@privileged @resources"
      ];
      MemoryDenyWriteExecute = true;
      # Nothing of other processes; the launcher reads the time of boot, which is in /proc/stat.
      ProcSubset = "all";
    }
    // serviceConfig;

  task = description: command: {
    inherit description;
    environment = settings;
    serviceConfig = sandbox // {
      Type = "oneshot";
      ExecStart = "${program} ${command}";
      # It may wait; whoever works does not.
      Nice = 10;
      IOSchedulingClass = "idle";
    };
  };
  settings =
    common.environment
    // {
      HOME = directory;
      MLFLOW_STORE_DIR = directory;
    }
    // (if storeGroup == null then { } else { MLFLOW_STORE_GROUP = storeGroup; })
    // environment;
  timer = description: calendar: {
    inherit description;
    wantedBy = [ "timers.target" ];
    timerConfig = {
      OnCalendar = calendar;
      RandomizedDelaySec = "15min";
      # Made up for after the machine was off.
      Persistent = true;
    };
  };
in
{
  services = {
    ${name} = {
      description = "MLflow tracking server";
      documentation = [ "https://mlflow.org/docs/latest/" ];
      wants = [ "network-online.target" ];
      after = [ "network-online.target" ];
      wantedBy = [ "multi-user.target" ];
      environment = settings;
      unitConfig = common.limits;
      serviceConfig =
        sandbox
        // common.server
        // {
          ExecStart = builtins.concatStringsSep " " (
            [ "${program} mlflow" ] ++ (if arguments == [ ] then [ ] else [ "--" ] ++ map escape arguments)
          );
        };
    };
    "${name}-backup" =
      task "Backup of MLflow's data" "backup --keep ${toString keep} ${escape backups}";
    "${name}-gc" =
      task "Removal of what was deleted in MLflow" "gc --older-than ${escape olderThan}"
      // {
        requires = [ "${name}.service" ];
        after = [ "${name}.service" ];
      };
    # systemctl start mlflow-server-restore@latest, or @mlflow-20260131T031500Z
    "${name}-restore@" = task "Restoring of MLflow's data" "restore ${escape backups}/%i" // {
      conflicts = [ "${name}.service" ];
      after = [ "${name}.service" ];
      unitConfig = {
        OnSuccess = "${name}.service";
        OnFailure = "${name}.service";
      };
    };
  };

  timers = {
    "${name}-backup" = timer "Daily backup of MLflow's data" onCalendar.backup;
    "${name}-gc" = timer "Weekly removal of what was deleted in MLflow" onCalendar.gc;
  };
}
