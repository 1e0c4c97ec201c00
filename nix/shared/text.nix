# Text of this checkout, brought into the store without its executable bits: disks that keep none (exfat, Windows') show
# every file as executable, or none, and the bit is part of a store path. The same text gives the same path everywhere.
let
  inherit (builtins) concatMap readDir readFile;

  # The files below a folder that `wanted` takes, as { name = relative path; value = text; }.
  below =
    folder: wanted: prefix:
    concatMap (
      name:
      let
        relative = "${prefix}${name}";
        type = (readDir (folder + "/${prefix}")).${name};
      in
      if !wanted relative then
        [ ]
      else if type == "directory" then
        below folder wanted "${relative}/"
      else
        [
          {
            name = relative;
            value = readFile (folder + "/${relative}");
          }
        ]
    ) (builtins.attrNames (readDir (folder + "/${prefix}")));

  # The files below a folder that `wanted` takes: relative path -> text.
  files =
    {
      path,
      wanted ? _relative: true,
      ...
    }:
    builtins.listToAttrs (
      below path (relative: baseNameOf relative != "__pycache__" && wanted relative) ""
    );
in
{
  inherit files;

  # A file.
  file = path: builtins.toFile (baseNameOf path) (readFile path);

  # These files as JSON: ../debian/build/folder.py makes a folder of it.
  folder = { name, ... }@what: builtins.toFile "${name}.json" (builtins.toJSON (files what));
}
