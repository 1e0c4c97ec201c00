# Evaluate a configuration with our modules and the stand-ins of ./nixos.nix.
{
  # nixpkgs' lib, a folder.
  library,
  # A file with the configuration, a module.
  configuration,
  # Whether it is a whole machine, that must be able to boot.
  whole ? false,
}:
let
  lib = import (/. + library);
  package = name: {
    type = "derivation";
    inherit name;
    outPath = "/nix/store/00000000000000000000000000000000-${name}";
  };
  evaluated = lib.evalModules {
    specialArgs.lab.packages.x86_64-linux.lab-gpu = package "lab-gpu";
    specialArgs.pkgs = {
      jupyter-utils-lab = {
        lab = package "lab";
        mlflow = package "mlflow";
      };
      ffmpeg = package "ffmpeg";
    };
    modules = [
      ./nixos.nix
      ../../../nix/modules
      (/. + configuration)
    ]
    ++ lib.singleton (
      if whole then
        ./nixos/bootable.nix
      else
        {
          security.acme.acceptTerms = lib.mkDefault true;
          security.acme.defaults.email = lib.mkDefault "admin@example.org";
        }
    );
  };
  inherit (evaluated) config options;
  described =
    prefix: set:
    lib.concatLists (
      lib.mapAttrsToList (
        name: value:
        let
          path = "${prefix}.${name}";
        in
        if lib.hasPrefix "_" name then
          [ ]
        else if lib.isOption value then
          [
            {
              inherit path;
              type = value.type.description or "";
              description = value.description or "";
              has = lib.filter (attribute: value ? ${attribute}) [
                "default"
                "defaultText"
                "example"
                "description"
              ];
            }
          ]
          ++ described path (
            let
              sub = value.type.getSubOptions [ ];
            in
            if value.type.name == "attrsOf" then sub else { }
          )
        else
          described path value
      ) set
    );
in
{
  failed = map (one: one.message) (lib.filter (one: !one.assertion) config.assertions);
  units = import ../../../nix/services/units.nix {
    services = lib.mapAttrs (
      _name: lib.filterAttrs (key: _value: key != "path")
    ) config.systemd.services;
    inherit (config.systemd) sockets timers;
  };
  firewall = config.networking.firewall.allowedTCPPorts;
  users = lib.subtractLists [ "root" "nobody" ] (lib.attrNames config.users.users);
  tmpfiles = config.systemd.tmpfiles.settings;
  # Where ACME gets the certificate, nginx is given that one, whatever the options say.
  nginx = lib.mapAttrs (
    name: host:
    host
    // lib.optionalAttrs host.enableACME {
      sslCertificate = "/var/lib/acme/${name}/fullchain.pem";
      sslCertificateKey = "/var/lib/acme/${name}/key.pem";
    }
  ) config.services.nginx.virtualHosts;
  paths = lib.mapAttrs (_name: unit: map toString unit.path) config.systemd.services;
  options =
    described "services.jupyterlab" options.services.jupyterlab
    ++ described "services.mlflow-server" options.services.mlflow-server;
}
