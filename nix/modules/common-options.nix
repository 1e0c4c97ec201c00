# Options that both services share.
{ lib }:
let
  inherit (lib)
    mkOption
    mkEnableOption
    types
    literalExpression
    optionalAttrs
    ;
  secret =
    what: example: remark:
    mkOption {
      type = types.nullOr types.path;
      default = null;
      inherit example;
      description = ''
        File that holds ${what}. Write its path as a string: root reads the file when the service starts, so
        it may belong to root alone, and it may not lie in the Nix store, which everybody can read. ${remark}
      '';
    };
  limit =
    example: what:
    mkOption {
      type = types.nullOr types.str;
      default = null;
      inherit example;
      description = "${what}; `null` sets no limit. As in {manpage}`systemd.resource-control(5)`.";
    };
  proxy =
    config: name:
    mkOption {
      type = types.nullOr types.str;
      default = config.networking.proxy.${name};
      defaultText = literalExpression "config.networking.proxy.${name}";
      example =
        if name == "noProxy" then ".example.co.jp,10.0.0.0/8" else "http://proxy.example.co.jp:8080";
      description =
        if name == "noProxy" then
          "Hosts that are reached without proxy, separated by commas. Names of this machine are always added."
        else
          "Proxy for ${lib.removeSuffix "Proxy" name}:// addresses.";
    };
in
{
  inherit secret;

  options =
    {
      config,
      what,
      ports,
    }:
    {
      host = mkOption {
        type = types.str;
        default = "127.0.0.1";
        example = "0.0.0.0";
        description = "Address that ${what} listens on. The default is reached from this machine alone; `0.0.0.0` listens on all.";
      };
      port = mkOption {
        type = types.port;
        default = ports;
        example = ports + 1;
        description = "TCP port of ${what}.";
      };
      openFirewall = mkOption {
        type = types.bool;
        default = false;
        example = true;
        description = "Whether to open the port in the firewall.";
      };
      extraPackages = mkOption {
        type = types.listOf types.package;
        default = [ ];
        example = literalExpression "[ pkgs.ffmpeg ]";
        description = ''
          Packages whose programs are on the path. Python packages belong into the environment instead:
          `package = (lab.lib.mkLab { lock = ./lock; }).packages.lab`.
        '';
      };
      environment = mkOption {
        type = types.attrsOf types.str;
        default = { };
        example = {
          TZ = "Asia/Tokyo";
        };
        description = ''
          Further environment variables; `jupyter-utils settings` lists those with a meaning. They end in the Nix
          store: secrets belong into {option}`environmentFile`.
        '';
      };
      environmentFile =
        secret "lines of the form `NAME=value`, such as `AWS_SECRET_ACCESS_KEY=...`" "/run/secrets/lab.env"
          "";
      resources = {
        memoryMax = limit "16G" "Memory that it may use, kernels included";
        cpuQuota = limit "400%" "Processor time; 100% is one core";
        tasksMax = limit "4096" "Processes and threads";
      };
      proxy = {
        http = proxy config "httpProxy";
        https = proxy config "httpsProxy";
        no = proxy config "noProxy";
      };
      nginx = {
        enable = mkEnableOption "a virtual host of nginx with TLS in front of ${what}";
        hostName = mkOption {
          type = types.str;
          default = "";
          example = "lab.example.org";
          description = "Name of the virtual host. More of it can be set in {option}`services.nginx.virtualHosts`.";
        };
        certificate = mkOption {
          type = types.nullOr types.path;
          default = null;
          example = "/var/lib/certificates/lab.pem";
          description = "Certificate, with its chain; `null`: ACME (Let's Encrypt) gets one.";
        };
        certificateKey =
          secret "the certificate's key, which nginx must be able to read" "/var/lib/certificates/lab.key"
            "";
      };
    };
}
