# Declarations that stand in for the rest of NixOS, so that our modules can be evaluated with nixpkgs' `lib` alone.
# Only what our modules, examples and tests define is declared: a name that NixOS does not have is an error here too.
# Types, defaults and assertions are those of NixOS, in our own words.
{
  imports = [
    ./nixos/machine.nix
    ./nixos/servers.nix
    ./nixos/systemd.nix
    ./nixos/users.nix
  ];
}
