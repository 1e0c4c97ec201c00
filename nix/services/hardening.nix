# What every service here may not do. Plain data, in the words of systemd.exec(5).
{
  server = {
    NoNewPrivileges = true;
    CapabilityBoundingSet = "";
    AmbientCapabilities = "";
    # Only what StateDirectory and ReadWritePaths name can be written to.
    ProtectSystem = "strict";
    ProtectHome = true;
    PrivateTmp = true;
    PrivateDevices = true;
    PrivateUsers = true;
    ProtectClock = true;
    ProtectControlGroups = true;
    ProtectHostname = true;
    ProtectKernelLogs = true;
    ProtectKernelModules = true;
    ProtectKernelTunables = true;
    ProtectProc = "invisible";
    RestrictNamespaces = true;
    RestrictRealtime = true;
    RestrictSUIDSGID = true;
    LockPersonality = true;
    RemoveIPC = true;
    KeyringMode = "private";
    UMask = "0077";
    # netlink: to list the machine's own addresses.
    RestrictAddressFamilies = [
      "AF_UNIX"
      "AF_INET"
      "AF_INET6"
      "AF_NETLINK"
    ];
    SystemCallArchitectures = "native";
    # A library that tries its luck gets an error, not its end.
    SystemCallErrorNumber = "EPERM";
  };

  # CUDA: the driver's devices (on WSL2 /dev/dxg), and its files in /proc and /sys.
  gpu = {
    PrivateDevices = false;
    DevicePolicy = "closed";
    DeviceAllow = [
      "char-nvidia rw"
      "char-nvidiactl rw"
      "char-nvidia-frontend rw"
      "char-nvidia-uvm rw"
      "char-nvidia-caps rw"
      "/dev/dxg rw"
    ];
  };
}
