# Units and temporary files.
{ lib, config, ... }:
let
  inherit (lib) types;
  inherit (import ./option.nix { inherit lib; }) option setOf;
  # A name that systemd takes for a unit of some kind.
  unitName = types.strMatching "[a-zA-Z0-9@%:_.\\-]+[.](service|socket|device|mount|automount|swap|target|path|timer|scope|slice)";
  units = option (types.listOf unitName) [ ];
  # One value, or a list of values, each a line of its own.
  value = types.oneOf [
    types.bool
    types.int
    types.str
    types.path
    types.package
  ];
  settings = types.attrsOf (types.either value (types.listOf value));
  section = option settings { };
  oneOf =
    name: allowed: set:
    !set ? ${name} || lib.elem set.${name} allowed;
  # What systemd would refuse as the unit is loaded, NixOS refuses as it is evaluated.
  service = lib.foldl types.addCheck settings [
    (oneOf "Type" [
      "exec"
      "simple"
      "forking"
      "oneshot"
      "dbus"
      "notify"
      "notify-reload"
      "idle"
    ])
    (oneOf "Restart" [
      "no"
      "on-success"
      "on-failure"
      "on-abnormal"
      "on-abort"
      "always"
    ])
  ];
  unit = {
    description = option types.singleLineStr "";
    documentation = option (types.listOf types.str) [ ];
    wants = units;
    requires = units;
    after = units;
    conflicts = units;
    wantedBy = units;
    unitConfig = section;
  };
  online = "network-online.target";
in
{
  config.assertions = lib.concatLists (
    lib.mapAttrsToList (name: unit: [
      {
        assertion =
          (unit.serviceConfig.Type or "simple") == "oneshot"
          -> !lib.elem (unit.serviceConfig.Restart or "no") [
            "always"
            "on-success"
          ];
        message = "systemd.services.${name} runs once, and is to be started again whenever it ends";
      }
      {
        # Only a warning there: the order alone brings the network up for nobody.
        assertion = lib.elem online unit.after -> lib.elem online (unit.wants ++ unit.requires);
        message = "systemd.services.${name} comes after ${online}, and does not ask for it";
      }
    ]) config.systemd.services
  );
  options.systemd = {
    services = setOf (
      unit
      // {
        environment = option (types.attrsOf (
          types.nullOr (
            types.oneOf [
              types.str
              types.path
              types.package
            ]
          )
        )) { };
        path = option (types.listOf (types.either types.package types.str)) [ ];
        serviceConfig = option service { };
      }
    );
    sockets = setOf (unit // { socketConfig = section; });
    timers = setOf (unit // { timerConfig = section; });
    # File of rules -> path -> kind of rule -> rule.
    tmpfiles.settings = option (types.attrsOf (
      types.attrsOf (
        types.attrsOf (
          types.submodule (
            { name, ... }:
            {
              options = {
                type = option types.str name;
                mode = option types.str "-";
                user = option types.str "-";
                group = option types.str "-";
                age = option types.str "-";
                argument = option types.str "";
              };
            }
          )
        )
      )
    )) { };
  };
}
