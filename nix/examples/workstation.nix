# One workstation: JupyterLab with the GPU and MLflow, for the user taro, from this machine alone.
{ lab, ... }: # this flake: specialArgs.lab
{
  services.jupyterlab.instances.taro = {
    package = lab.packages.x86_64-linux.lab-gpu;
    port = 18080;
    gpu = true;
    # Taro's own home: his Git configuration, SSH keys and caches of models.
    directory = "/home/taro";
    notebookDirectory = "/home/taro/notebooks";
    resources.memoryMax = "48G";
  };
  services.mlflow-server = {
    enable = true;
    gc.enable = true;
    backup = {
      enable = true;
      directory = "/mnt/backup/mlflow";
    };
  };

  users.users.taro = {
    isNormalUser = true;
    home = "/home/taro";
  };
  services.xserver.videoDrivers = [ "nvidia" ];
  hardware.graphics.enable = true;
  # NVIDIA's open kernel modules, for Turing (2018) and newer; NixOS wants to be told true or false.
  hardware.nvidia.open = true;
  nixpkgs.config.allowUnfree = true;

  # The machine itself.
  networking.hostName = "workstation";
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
