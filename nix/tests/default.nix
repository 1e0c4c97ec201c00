# Tests in virtual machines: one behaviour a file. `nix build .#checks.x86_64-linux.vm-reboot` runs one.
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
