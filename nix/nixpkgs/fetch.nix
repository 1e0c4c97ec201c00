# A file of the lock from PyPI. poetry2nix's own fetcher breaks on newer nixpkgs (NIX_CURL_FLAGS: unbound variable).
#
# PyPI keeps each file below its direct path, which files.json knows. nixpkgs' fetchPypi makes addresses of the older
# scheme, which answer only where the uploader named the Python that the file's name names; they are asked second.
{
  pkgs,
  # What files.json says.
  files,
}:
let
  inherit (pkgs) lib;
  direct = lib.listToAttrs (
    map (row: {
      name = row.file;
      value = row.direct;
    }) (lib.filter (row: row ? direct) (files.common ++ files.cuda))
  );

  # NAME-VERSION-PYTHON-ABI-PLATFORM.whl; the index sorts wheels by their Python.
  wheel =
    file:
    let
      part = lib.elemAt (lib.splitString "-" (lib.removeSuffix ".whl" file));
    in
    {
      pname = part 0;
      version = part 1;
      format = "wheel";
      dist = part 2;
      python = part 2;
      abi = part 3;
      platform = part 4;
    };
  addresses = arguments: (pkgs.fetchPypi (arguments // { hash = lib.fakeHash; })).urls;

  # Where nixpkgs itself looks for wheels; sources it looks for on mirrors, which are for the older scheme.
  packages = "/packages/";
  host = lib.head (lib.splitString packages (lib.head (addresses (wheel "a-1-py3-none-any.whl"))));
in
{
  pname,
  version,
  file,
  hash,
  ...
}:
pkgs.fetchurl {
  name = file;
  urls =
    lib.optional (direct ? ${file}) (host + packages + direct.${file})
    ++ addresses (if lib.hasSuffix ".whl" file then wheel file else { inherit pname version; });
  inherit hash;
}
