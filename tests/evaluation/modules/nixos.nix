# Declarations that stand in for the rest of NixOS, so that our modules can be evaluated with nixpkgs' `lib` alone.
# Only what our modules and examples define is declared, with NixOS' own types where they are simple: a name that NixOS
# does not have is an error here too.
{ lib, config, ... }:
let
  inherit (lib) mkOption types;
  option = type: default: mkOption { inherit type default; };
  any = option types.anything { };
  strings = option (types.listOf types.str) [ ];
  scalar = types.nullOr (
    types.oneOf [
      types.bool
      types.int
      types.str
      types.path
    ]
  );
  section = option (types.attrsOf (types.either scalar (types.listOf scalar))) { };
  unit = {
    description = option types.str "";
    documentation = strings;
    wants = strings;
    requires = strings;
    after = strings;
    conflicts = strings;
    wantedBy = strings;
    unitConfig = section;
  };
  service = unit // {
    environment = option (types.attrsOf (types.nullOr types.str)) { };
    path = option (types.listOf types.package) [ ];
    serviceConfig = section;
  };
  attrsOf = options: option (types.attrsOf (types.submodule { inherit options; })) { };
in
{
  options = {
    assertions = option (types.listOf (
      types.submodule {
        options = {
          assertion = option types.bool true;
          message = option types.str "";
        };
      }
    )) [ ];
    systemd.services = attrsOf service;
    systemd.timers = attrsOf (unit // { timerConfig = section; });
    systemd.tmpfiles.settings = option (types.attrsOf (
      types.attrsOf (types.attrsOf (types.attrsOf types.str))
    )) { };
    users.users = attrsOf {
      description = option types.str "";
      isSystemUser = option types.bool false;
      isNormalUser = option types.bool false;
      group = option types.str "";
      home = option types.path "/var/empty";
      useDefaultShell = option types.bool false;
      extraGroups = strings;
    };
    users.groups = option (types.attrsOf types.anything) { };
    networking = {
      hostName = option types.str "";
      firewall.allowedTCPPorts = option (types.listOf types.port) [ ];
      proxy = lib.genAttrs [ "httpProxy" "httpsProxy" "noProxy" ] (
        _name: option (types.nullOr types.str) null
      );
    };
    environment.systemPackages = option (types.listOf types.package) [ ];
    security.acme = {
      acceptTerms = option types.bool false;
      defaults.email = option (types.nullOr types.str) null;
    };
    services.nginx = {
      enable = option types.bool false;
      recommendedTlsSettings = option types.bool false;
      virtualHosts = attrsOf {
        forceSSL = option types.bool false;
        enableACME = option types.bool false;
        sslCertificate = option (types.nullOr types.path) null;
        sslCertificateKey = option (types.nullOr types.path) null;
        basicAuthFile = option (types.nullOr types.path) null;
        locations = attrsOf {
          proxyPass = option (types.nullOr types.str) null;
          proxyWebsockets = option types.bool false;
          recommendedProxySettings = option types.bool false;
          extraConfig = option types.lines "";
        };
      };
    };
    services.postgresql = {
      enable = option types.bool false;
      ensureDatabases = strings;
      ensureUsers = option (types.listOf types.anything) [ ];
    };
    services.postgresqlBackup = {
      enable = option types.bool false;
      databases = strings;
    };
    services.xserver.videoDrivers = strings;
    hardware.graphics.enable = option types.bool false;
    hardware.nvidia.open = option (types.nullOr types.bool) null;
    nixpkgs = any;
    boot = any;
    fileSystems = any;
    time.timeZone = option (types.nullOr types.str) null;
    system.stateVersion = option types.str "";
    system.build.toplevel = option types.package null;
  };
  # A machine can be built only where every assertion holds.
  config.system.build.toplevel =
    let
      failed = lib.filter (one: !one.assertion) config.assertions;
    in
    if failed != [ ] then
      throw "Failed assertions:\n${lib.concatMapStringsSep "\n" (one: "- ${one.message}") failed}"
    else
      derivation {
        name = "nixos-system-${config.networking.hostName}";
        system = "x86_64-linux";
        builder = "/bin/sh";
        services = builtins.toJSON config.systemd.services;
      };
  # As NixOS has it since drivers of 560.
  config.assertions = [
    {
      assertion =
        lib.elem "nvidia" config.services.xserver.videoDrivers -> config.hardware.nvidia.open != null;
      message = "hardware.nvidia.open must be true or false where the NVIDIA driver is in use";
    }
  ];
}
