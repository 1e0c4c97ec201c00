# JupyterLab and MLflow behind nginx with TLS; both listen on this machine alone, and ask who comes.
{
  services.jupyterlab = {
    enable = true;
    passwordFile = "/run/secrets/jupyter-password";
    nginx = {
      enable = true;
      hostName = "lab.example.org";
    };
  };
  services.mlflow-server = {
    enable = true;
    adminPasswordFile = "/run/secrets/mlflow-admin";
    backup.enable = true;
    nginx = {
      enable = true;
      hostName = "mlflow.example.org";
      # A company's own certificate; without these two lines, ACME gets one.
      certificate = "/var/lib/certificates/mlflow.pem";
      certificateKey = "/var/lib/certificates/mlflow.key";
    };
  };
  services.nginx.recommendedTlsSettings = true;
  security.acme = {
    acceptTerms = true;
    defaults.email = "admin@example.org";
  };
  networking.firewall.allowedTCPPorts = [
    80
    443
  ];

  # The machine itself.
  networking.hostName = "lab";
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
