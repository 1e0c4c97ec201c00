# A GPU server for a group: a lab for each of two users, one MLflow on PostgreSQL, reached from other machines.
{ lab, ... }: # this flake: specialArgs.lab
{
  services.jupyterlab.package = lab.packages.x86_64-linux.lab-gpu;
  services.jupyterlab.instances = {
    taro = {
      port = 18081;
      host = "0.0.0.0";
      openFirewall = true;
      gpu = true;
      passwordFile = "/run/secrets/jupyter-taro";
      writablePaths = [ "/srv/datasets" ];
      resources = {
        memoryMax = "96G";
        cpuQuota = "1600%";
      };
    };
    hanako = {
      port = 18082;
      host = "0.0.0.0";
      openFirewall = true;
      gpu = true;
      passwordFile = "/run/secrets/jupyter-hanako";
      writablePaths = [ "/srv/datasets" ];
    };
  };
  services.mlflow-server = {
    enable = true;
    host = "0.0.0.0";
    openFirewall = true;
    workers = 4;
    # The user mlflow logs in by the socket, without a password.
    backendStoreUri = "postgresql:///mlflow?host=/run/postgresql";
    adminPasswordFile = "/run/secrets/mlflow-admin";
    metrics.enable = true;
    gc.enable = true;
  };
  services.postgresql = {
    enable = true;
    ensureDatabases = [ "mlflow" ];
    ensureUsers = [
      {
        name = "mlflow";
        ensureDBOwnership = true;
      }
    ];
  };
  services.postgresqlBackup = {
    enable = true;
    databases = [ "mlflow" ];
  };

  users.users = {
    taro = {
      isNormalUser = true;
      home = "/home/taro";
    };
    hanako = {
      isNormalUser = true;
      home = "/home/hanako";
    };
  };
  services.xserver.videoDrivers = [ "nvidia" ];
  hardware.graphics.enable = true;
  # NVIDIA's open kernel modules, for Turing (2018) and newer; NixOS wants to be told true or false.
  hardware.nvidia.open = true;
  nixpkgs.config.allowUnfree = true;

  # The machine itself.
  networking.hostName = "gpu-server";
  boot.loader.systemd-boot.enable = true;
  fileSystems."/" = {
    device = "/dev/disk/by-label/nixos";
    fsType = "ext4";
  };
  fileSystems."/boot" = {
    device = "/dev/disk/by-label/boot";
    fsType = "vfat";
  };
  system.stateVersion = "25.11";
}
