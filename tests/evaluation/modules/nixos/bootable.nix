# What a whole machine must have beside: a module that only adds services has neither disks nor a loader.
{ lib, config, ... }:
let
  inherit (config.boot.loader) grub;
in
{
  config.assertions = [
    {
      assertion = config.fileSystems ? "/" && config.fileSystems."/".device != null;
      message = "fileSystems has no root file system";
    }
    {
      assertion = grub.enable -> grub.devices != [ ];
      message = "boot.loader: neither systemd-boot, nor a device for GRUB";
    }
    {
      assertion = lib.all (disk: disk.device != null) (lib.attrValues config.fileSystems);
      message = "fileSystems: a mount point has no device";
    }
  ];
}
