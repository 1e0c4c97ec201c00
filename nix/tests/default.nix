# Tests in virtual machines: one behaviour a file, with what it would show. `nix build .#vm.reboot` runs one, on a machine
# with KVM. They have never run: this project had no machine with KVM and nixpkgs. Their machines were evaluated.
{
  pkgs,
  # nixosModules.default
  module,
}:
let
  run =
    test: description:
    let
      made = pkgs.testers.runNixOSTest {
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
    made
    // {
      # NixOS' tests have no option for it.
      meta = made.meta or { } // {
        inherit description;
      };
    };
in
{
  starts = run ./starts.nix "Both services answer once systemd calls them started, and come back when they are killed";
  reboot = run ./reboot.nix "Runs and notebooks are there after the machine was switched off and on";
  token = run ./token.nix "Nobody gets into JupyterLab without the token of the file, and no log shows it";
  password-file = run ./password-file.nix "MLflow's administrator has the password of the file, and the lab's notebooks have it too";
  notebook = run ./notebook.nix "A notebook that runs on one machine stores its run, with the commit, on another's server";
  firewall = run ./firewall.nix "Other machines reach a service only where it listens for them and the firewall is open";
  backup = run ./backup.nix "A backup of the running server brings its runs back, and keeps what was there aside";
  instances = run ./instances.nix "Several labs on one machine run as their users and cannot look into each other's folder";
}
