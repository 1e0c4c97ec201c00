# Users and groups: what may stand in /etc/passwd, and who must belong to what.
{ lib, config, ... }:
let
  inherit (lib) types;
  inherit (import ./option.nix { inherit lib; }) option enable strings;
  cfg = config.users;
  entry = types.passwdEntry;
  # NixOS gives up on longer ones.
  short = types.addCheck types.str (name: builtins.stringLength name < 32);
  user =
    { name, config, ... }:
    {
      options = {
        name = option (entry short) name;
        description = option (entry types.str) "";
        uid = option (types.nullOr types.int) null;
        isSystemUser = enable;
        isNormalUser = enable;
        group = option short "";
        extraGroups = strings;
        home = option (entry types.path) "/var/empty";
        createHome = enable;
        useDefaultShell = enable;
      };
      config = lib.mkIf config.isNormalUser {
        group = lib.mkDefault "users";
        createHome = lib.mkDefault true;
        home = lib.mkDefault "/home/${config.name}";
        useDefaultShell = lib.mkDefault true;
      };
    };
  group =
    { name, ... }:
    {
      options = {
        name = option (entry types.str) name;
        gid = option (types.nullOr types.int) null;
        members = option (types.listOf (entry types.str)) [ ];
      };
    };
  isSystem = user: user.isSystemUser || (user.uid != null && user.uid < 1000 && !user.isNormalUser);
in
{
  options.users = {
    users = option (types.attrsOf (types.submodule user)) { };
    groups = option (types.attrsOf (types.submodule group)) { };
  };
  config = {
    # There on every machine.
    users.users = {
      root = {
        uid = 0;
        home = "/root";
        group = "root";
      };
      nobody = {
        uid = 65534;
        isSystemUser = true;
        group = "nogroup";
      };
    };
    users.groups = lib.genAttrs [ "root" "wheel" "users" "nogroup" "video" "render" ] (_name: { });
    assertions = lib.concatMap (user: [
      {
        assertion = isSystem user != user.isNormalUser;
        message = "users.users.${user.name} must be either a system user or a normal one";
      }
      {
        assertion = user.group != "";
        message = "users.users.${user.name} has no group";
      }
      {
        assertion =
          user.group == "" || lib.elem user.group (map (group: group.name) (lib.attrValues cfg.groups));
        message = "users.users.${user.name} belongs to the group ${user.group}, which users.groups does not have";
      }
      {
        assertion = builtins.match "[a-zA-Z0-9_.][a-zA-Z0-9_.-]*" user.name != null;
        message = "users.users.${user.name} is no name that tools take";
      }
    ]) (lib.attrValues cfg.users);
  };
}
