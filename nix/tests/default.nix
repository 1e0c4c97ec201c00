# Tests in virtual machines: one behaviour a file. `nix build .#vm.reboot` runs one, on a machine with KVM.
# They parse, and have never run: this project had no machine with KVM and nixpkgs. What each would show:
#   starts         both services answer once systemd calls them started, and come back when they are killed
#   reboot         runs and notebooks are there after the machine was switched off and on
#   token          nobody gets into JupyterLab without the token of the file, and no log shows it
#   password-file  MLflow's administrator has the password of the file, and the lab's notebooks have it too
#   notebook       a notebook that runs on one machine stores its run, with the commit, on another's server
#   firewall       other machines reach a service only where it listens for them and the firewall is open
#   backup         a backup of the running server brings its runs back, and keeps what was there aside
#   instances      several labs on one machine run as their users and cannot look into each other's folder
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
  starts = run ./starts.nix;
  reboot = run ./reboot.nix;
  token = run ./token.nix;
  password-file = run ./password-file.nix;
  notebook = run ./notebook.nix;
  firewall = run ./firewall.nix;
  backup = run ./backup.nix;
  instances = run ./instances.nix;
}
