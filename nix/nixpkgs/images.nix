# Images on nixpkgs: what they say of themselves is what the debian base's say; nixpkgs makes the layers.
{
  pkgs,
  environments,
  recipes, # of the environments
  lock,
  # The commit that images are labelled with.
  revision,
  # What the environment of a variant is called.
  name,
}:
let
  inherit (pkgs) lib;
  inherit (import ../shared/image/system.nix) entries accounts;
  inherit (import ../shared/project.nix) license;
  tools = import ./tools.nix { inherit pkgs; };
  descriptions = import ../shared/image/config.nix {
    inherit revision name;
    lockHash = builtins.hashFile "sha256" (lock + "/poetry.lock");
  };

  system = pkgs.buildEnv {
    name = "image-system";
    paths = tools.lab ++ tools.image;
    pathsToLink = [ "/bin" ];
    ignoreCollisions = true;
  };

  # Write a folder or a file of the image.
  write =
    path:
    {
      mode,
      text ? null,
    }:
    (
      if text == null then
        "mkdir -p ${path}\n"
      else
        "mkdir -p ${dirOf path}; printf %s ${lib.escapeShellArg text} >${path}\n"
    )
    + "chmod ${mode} ${path}\n";
  files =
    entries
    // lib.mapAttrs (_name: account: {
      inherit (account) mode;
      text = account.root + account.jupyter;
    }) accounts;

  image =
    kind: made:
    let
      environment = environments.${made};
      inherit (descriptions.${kind}) name config;
    in
    (pkgs.dockerTools.streamLayeredImage {
      inherit name;
      tag = "latest";
      maxLayers = 100;
      contents = [
        system
        (pkgs.runCommand "environment-link" { } ''
          mkdir -p $out/opt
          ln -s ${environment} $out${descriptions.environment}
          ln -s ${recipes.${made}} $out${descriptions.recipe}
        '')
      ];
      config = config // {
        Env = config.Env ++ [
          "SSL_CERT_FILE=${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt"
          "TZDIR=${pkgs.tzdata}/share/zoneinfo"
        ];
      };
      extraCommands = lib.concatStrings (lib.mapAttrsToList write files) + ''
        mkdir -p usr run
        ln -s ../bin usr/bin
        echo '. /etc/profile.d/environment.sh' >etc/profile
      '';
    }).overrideAttrs
      (_old: {
        meta = {
          description = "Program that writes the image ${name} for docker load: ${
            config.Labels."org.opencontainers.image.description"
          }";
          inherit license;
          platforms = [ "x86_64-linux" ];
        };
      });

  images = {
    image = image "lab" "environment";
    image-gpu = image "lab-gpu" "environment-gpu";
    image-mlflow = image "mlflow" "environment-mlflow";
  };

  load =
    name: kind: lab:
    pkgs.writeShellApplication {
      inherit name;
      text = ''
        ${lab} | docker load
        ${images.image-mlflow} | docker load
      '';
      meta.description = "Load the images ${descriptions.${kind}.name} and ${descriptions.mlflow.name} into Docker";
    };
in
{
  inherit images;
  load = load "load" "lab" images.image;
  load-gpu = load "load-gpu" "lab-gpu" images.image-gpu;
}
