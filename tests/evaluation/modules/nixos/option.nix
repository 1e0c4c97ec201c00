# Short words for declarations.
{ lib }:
let
  inherit (lib) types;
in
rec {
  option = type: default: lib.mkOption { inherit type default; };
  # Without a default: whoever reads it unset gets an error.
  required = type: lib.mkOption { inherit type; };
  enable = option types.bool false;
  strings = option (types.listOf types.str) [ ];
  setOf = options: option (types.attrsOf (types.submodule { inherit options; })) { };
  listOf = options: option (types.listOf (types.submodule { inherit options; })) [ ];
}
