# The machine itself: disks, boot loader, drivers, names, and what becomes of it all.
{ lib, config, ... }:
let
  inherit (lib) types;
  inherit (import ./option.nix { inherit lib; })
    option
    enable
    setOf
    listOf
    ;
  full = types.strMatching ".*[^ \t\n].*";
  hasNvidia = lib.elem "nvidia" config.services.xserver.videoDrivers;
  failed = lib.filter (one: !one.assertion) config.assertions;
in
{
  options = {
    assertions = listOf {
      assertion = option types.bool true;
      message = option types.str "";
    };
    boot.loader = {
      systemd-boot = { inherit enable; };
      grub = {
        # The loader of machines that name none.
        enable = option types.bool (!config.boot.loader.systemd-boot.enable);
        devices = option (types.listOf types.str) [ ];
      };
    };
    environment.systemPackages = option (types.listOf types.package) [ ];
    fileSystems = setOf {
      device = option (types.nullOr full) null;
      fsType = option full "auto";
      options = option (types.nonEmptyListOf full) [ "defaults" ];
    };
    hardware.graphics = { inherit enable; };
    hardware.nvidia.open = option (types.nullOr types.bool) null;
    networking.hostName = option (types.strMatching "([a-zA-Z0-9]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?)?") "nixos";
    nixpkgs.config = option (types.submodule {
      freeformType = types.lazyAttrsOf types.raw;
      options.allowUnfree = enable;
    }) { };
    services.xserver.videoDrivers = option (types.listOf types.str) [ "modesetting" ];
    system.stateVersion = option (types.strMatching "[0-9]{2}\\.[0-9]{2}") "26.05";
    system.build.toplevel = option types.package null;
    time.timeZone = option (types.nullOr (types.strMatching "[^ ]+")) null;
    # In tests alone.
    virtualisation = {
      memorySize = option types.ints.positive 1024;
      diskSize = option types.ints.positive 1024;
    };
  };
  config = {
    assertions = [
      {
        # Since drivers of 560.
        assertion = hasNvidia -> config.hardware.nvidia.open != null;
        message = "hardware.nvidia.open must be true or false where the NVIDIA driver is in use";
      }
      {
        # Not an assertion there: the driver's package refuses to be evaluated.
        assertion = hasNvidia -> config.nixpkgs.config.allowUnfree;
        message = "NVIDIA's driver is unfree: nixpkgs.config.allowUnfree = true";
      }
    ];
    # A machine can be built only where every assertion holds.
    system.build.toplevel =
      if failed != [ ] then
        throw "Failed assertions:\n${lib.concatMapStringsSep "\n" (one: "- ${one.message}") failed}"
      else
        derivation {
          name = "nixos-system-${config.networking.hostName}";
          system = "x86_64-linux";
          builder = "/bin/sh";
          services = builtins.toJSON config.systemd.services;
        };
  };
}
