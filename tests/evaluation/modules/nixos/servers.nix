# nginx, certificates, PostgreSQL, and what is open to other machines.
{ lib, config, ... }:
let
  inherit (lib) types;
  inherit (import ./option.nix { inherit lib; })
    option
    required
    enable
    strings
    setOf
    listOf
    ;
  inherit (config.security) acme;
  inherit (config.services) nginx postgresql postgresqlBackup;
  hosts = lib.attrValues nginx.virtualHosts;
  count = lib.count (set: set);
in
{
  options = {
    networking.firewall.allowedTCPPorts = option (types.listOf types.port) [ ];
    networking.proxy = lib.genAttrs [ "httpProxy" "httpsProxy" "noProxy" ] (
      _name: option (types.nullOr types.str) null
    );
    security.acme = {
      acceptTerms = enable;
      defaults.email = option (types.nullOr types.str) null;
    };
    services.nginx = {
      inherit enable;
      recommendedTlsSettings = enable;
      recommendedProxySettings = enable;
      virtualHosts = setOf {
        addSSL = enable;
        onlySSL = enable;
        forceSSL = enable;
        rejectSSL = enable;
        enableACME = enable;
        useACMEHost = option (types.nullOr types.str) null;
        # Read where the host has TLS and no ACME.
        sslCertificate = required types.path;
        sslCertificateKey = required types.path;
        basicAuthFile = option (types.nullOr types.path) null;
        locations = setOf {
          proxyPass = option (types.nullOr types.str) null;
          proxyWebsockets = enable;
          recommendedProxySettings = option types.bool nginx.recommendedProxySettings;
          root = option (types.nullOr types.path) null;
          alias = option (types.nullOr types.path) null;
          extraConfig = option types.lines "";
        };
      };
    };
    services.postgresql = {
      inherit enable;
      ensureDatabases = strings;
      ensureUsers = listOf {
        name = required types.str;
        ensureDBOwnership = enable;
      };
    };
    services.postgresqlBackup = {
      inherit enable;
      databases = strings;
      backupAll = option types.bool (postgresqlBackup.databases == [ ]);
      location = option types.path "/var/backup/postgresql";
    };
  };
  config.assertions =
    lib.optionals nginx.enable [
      {
        assertion = lib.all (
          host:
          count [
            host.addSSL
            host.onlySSL
            host.forceSSL
            host.rejectSSL
          ] <= 1
        ) hosts;
        message = "a virtual host of nginx has several of addSSL, onlySSL, forceSSL, rejectSSL";
      }
      {
        assertion = lib.all (host: !(host.enableACME && host.useACMEHost != null)) hosts;
        message = "a virtual host of nginx has a certificate of its own by ACME and another host's";
      }
      {
        assertion = lib.all (
          host: lib.all (place: place.root == null || place.alias == null) (lib.attrValues host.locations)
        ) hosts;
        message = "a location of nginx has both a root and an alias";
      }
    ]
    ++ lib.optionals (nginx.enable && lib.any (host: host.enableACME) hosts) [
      {
        assertion = acme.acceptTerms;
        message = "certificates by ACME want security.acme.acceptTerms = true";
      }
      {
        assertion = acme.defaults.email != null;
        message = "certificates by ACME want security.acme.defaults.email";
      }
    ]
    ++ map (user: {
      assertion = user.ensureDBOwnership -> lib.elem user.name postgresql.ensureDatabases;
      message = "services.postgresql.ensureUsers: ${user.name} is to own a database of its name, which ensureDatabases lacks";
    }) postgresql.ensureUsers
    ++ lib.optional postgresqlBackup.enable {
      assertion = postgresqlBackup.backupAll -> postgresqlBackup.databases == [ ];
      message = "services.postgresqlBackup keeps either all databases or those that are named";
    };
}
