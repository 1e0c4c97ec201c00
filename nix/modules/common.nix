# What both services make of the options that they share.
{ lib }:
let
  inherit (lib) optionalAttrs;
in
{
  resources =
    cfg:
    optionalAttrs (cfg.resources.memoryMax != null) { MemoryMax = cfg.resources.memoryMax; }
    // optionalAttrs (cfg.resources.cpuQuota != null) { CPUQuota = cfg.resources.cpuQuota; }
    // optionalAttrs (cfg.resources.tasksMax != null) { TasksMax = cfg.resources.tasksMax; };

  # systemd replaces %-signs in values, and a proxy's password may hold one.
  environment =
    cfg: more:
    lib.mapAttrs (_name: value: lib.replaceStrings [ "%" ] [ "%%" ] value) (
      lib.filterAttrs (_name: value: value != null) (
        {
          HTTP_PROXY = cfg.proxy.http;
          HTTPS_PROXY = cfg.proxy.https;
          NO_PROXY = cfg.proxy.no;
          LISTEN_ADDRESS = cfg.host;
        }
        // more
        // cfg.environment
      )
    );

  virtualHost = cfg: path: {
    forceSSL = true;
    enableACME = lib.mkDefault (cfg.nginx.certificate == null);
    sslCertificate = lib.mkIf (cfg.nginx.certificate != null) cfg.nginx.certificate;
    sslCertificateKey = lib.mkIf (cfg.nginx.certificate != null) cfg.nginx.certificateKey;
    locations.${path} = {
      proxyPass = "http://${
        if
          lib.elem cfg.host [
            "0.0.0.0"
            "::"
          ]
        then
          "127.0.0.1"
        else
          cfg.host
      }:${toString cfg.port}";
      proxyWebsockets = true;
      recommendedProxySettings = true;
      # Models and data sets are large, and a cell may run for a day without a word.
      extraConfig = ''
        client_max_body_size 0;
        proxy_request_buffering off;
        proxy_buffering off;
        proxy_read_timeout 1d;
        proxy_send_timeout 1d;
      '';
    };
  };

  assertions =
    option: cfg: secrets:
    [
      {
        assertion =
          cfg.openFirewall
          -> !lib.elem cfg.host [
            "127.0.0.1"
            "::1"
            "localhost"
          ];
        message = "${option}.openFirewall opens a port on which nothing listens, since ${option}.host is ${cfg.host}: set ${option}.host = \"0.0.0.0\", or leave the firewall closed.";
      }
      {
        assertion = cfg.nginx.enable -> cfg.nginx.hostName != "";
        message = "${option}.nginx.enable needs a name: set ${option}.nginx.hostName = \"lab.example.org\".";
      }
      {
        assertion = (cfg.nginx.certificate == null) == (cfg.nginx.certificateKey == null);
        message = "${option}.nginx.certificate and ${option}.nginx.certificateKey belong together: set both, or neither to have ACME get a certificate.";
      }
    ]
    ++
      map
        (name: {
          assertion =
            let
              file = lib.attrByPath (lib.splitString "." name) null cfg;
            in
            file == null || !(builtins.isPath file || lib.hasPrefix builtins.storeDir (toString file));
          message = "${option}.${name} would lie in the Nix store, which everybody on this machine can read: write the path as a string, such as \"/run/secrets/NAME\", to a file that is not part of the configuration.";
        })
        (
          secrets
          ++ [
            "environmentFile"
            "nginx.certificateKey"
          ]
        );
}
