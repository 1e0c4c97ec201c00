# The recipe of an environment: the files from which Nix builds it and what is started in it, and no others, so that an
# edit of a document or a test changes no recipe. Programs and images carry it; an environment that held it would be
# another one after each change of a program's.
{
  base, # "debian" or "nixpkgs"
  # The files of the base beside nix/shared: { at = folder in the repository; path; wanted; }.
  files,
  # The folder of the lock, and which of its files the base reads.
  lock,
  locks,
}:
let
  text = import ./text.nix;
  own = toString lock == toString ../../python;
  parts = files ++ [
    {
      at = "nix/shared";
      path = ./.;
      # Of images, which no recipe makes.
      wanted = relative: relative != "image";
    }
    ({ at = "python"; } // import ./source.nix)
    {
      # Of a project of one's own: beside our package, whose pyproject.toml is another.
      at = if own then "python" else "lock";
      path = lock;
      wanted = name: builtins.elem name locks;
    }
  ];
  texts = builtins.listToAttrs (
    builtins.concatMap (
      { at, ... }@part:
      let
        found = text.files part;
      in
      map (name: {
        name = if at == "." then name else "${at}/${name}";
        value = found.${name};
      }) (builtins.attrNames found)
    ) parts
  );
  # What `sha256sum` prints of these files, so that anybody can check a digest.
  sums = map (name: "${builtins.hashString "sha256" texts.${name}}  ${name}\n") (
    builtins.attrNames texts
  );
  digest = builtins.hashString "sha256" (builtins.concatStringsSep "" sums);
  # By this an environment is called; the store path decides whether two are the same.
  name = variant: "${base}-${variant}-${builtins.substring 0 12 digest}";
in
{
  inherit name;

  # What ./recipe.py makes the folder of an environment's recipe from.
  of =
    {
      variant, # "cpu" or "cuda"
      output, # the attribute that is built
      environment,
    }:
    {
      name = "recipe-${output}";
      texts = builtins.toFile "recipe.json" (builtins.toJSON texts);
      about = builtins.toJSON {
        name = name variant;
        inherit digest base output;
        # Only to know it again: a recipe needs no environment.
        environment = builtins.unsafeDiscardStringContext environment.outPath;
      };
    };
}
