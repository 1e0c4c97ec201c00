# Tests in virtual machines: one behaviour a file. `nix build .#checks.x86_64-linux.vm-reboot` runs one.
# They parse, and have never run: this project had no machine with KVM and nixpkgs. What each would show:
#   vm-starts         both services answer once systemd calls them started, and come back when they are killed
#   vm-reboot         runs and notebooks are there after the machine was switched off and on
#   vm-token          nobody gets into JupyterLab without the token of the file, and no log shows it
#   vm-password-file  MLflow's administrator has the password of the file, and the lab's notebooks have it too
#   vm-notebook       a notebook that runs on one machine stores its run, with the commit, on another's server
#   vm-firewall       other machines reach a service only where it listens for them and the firewall is open
#   vm-backup         a backup of the running server brings its runs back, and keeps what was there aside
#   vm-instances      several labs on one machine run as their users and cannot look into each other's folder
{
  pkgs,
  # nixosModules.default
  module,
}:
let
  run =
    test:
    pkgs.testers.runNixOSTest {
      imports = [ test ];
      globalTimeout = 15 * 60;
      extraBaseModules = {
        imports = [ module ];
        virtualisation = {
          memorySize = 4096;
          diskSize = 4096;
        };
      };
    };
in
{
  vm-starts = run ./starts.nix;
  vm-reboot = run ./reboot.nix;
  vm-token = run ./token.nix;
  vm-password-file = run ./password-file.nix;
  vm-notebook = run ./notebook.nix;
  vm-firewall = run ./firewall.nix;
  vm-backup = run ./backup.nix;
  vm-instances = run ./instances.nix;
}
