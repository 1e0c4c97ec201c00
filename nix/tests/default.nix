# Tests in virtual machines: one behaviour a file. `nix build .#vm.reboot` runs one, on a machine with KVM.
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
