# Images on nixpkgs: what they say of themselves is what the debian base's say; nixpkgs makes the layers.
{
  pkgs,
  environments,
  lock,
  # The commit that images are labelled with.
  revision,
}:
let
  inherit (pkgs) lib;
  descriptions = import ../shared/image/config.nix {
    inherit revision;
    inherit ((lib.importTOML (lock + "/pyproject.toml")).tool.poetry) version;
    lockHash = builtins.hashFile "sha256" (lock + "/poetry.lock");
  };

  system = pkgs.buildEnv {
    name = "image-system";
    paths = import ./tools.nix { inherit pkgs; } ++ [
      pkgs.bashInteractive
      pkgs.findutils
      pkgs.gnugrep
      pkgs.gnused
      pkgs.nano
      pkgs.tini
      # setpriv, by which the entry gives root's rights away.
      pkgs.util-linux
    ];
    pathsToLink = [ "/bin" ];
    ignoreCollisions = true;
  };

  image =
    kind: environment:
    let
      inherit (descriptions.${kind}) name config;
    in
    (pkgs.dockerTools.streamLayeredImage {
      inherit name;
      tag = "latest";
      maxLayers = 100;
      contents = [
        system
        (pkgs.runCommand "environment-link" { }
          "mkdir -p $out/opt; ln -s ${environment} $out${descriptions.environment}"
        )
      ];
      config = config // {
        Env = config.Env ++ [
          "SSL_CERT_FILE=${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt"
          "TZDIR=${pkgs.tzdata}/share/zoneinfo"
        ];
      };
      # The same folders, users and profile as on the debian base (../debian/image-files.nix says why).
      extraCommands = ''
        mkdir -p usr etc/profile.d home/jovyan opt/jupyter opt/mlflow tmp var/tmp run
        chmod 0777 home/jovyan opt/jupyter opt/mlflow
        chmod 1777 tmp var/tmp
        ln -s ../bin usr/bin
        printf '%s\n' root:x:0:0:root:/home/jovyan:/bin/bash jupyter:x:1000:1000:Jupyter:/home/jovyan:/bin/bash >etc/passwd
        printf '%s\n' root:x:0: jupyter:x:1000: >etc/group
        chmod 0664 etc/passwd etc/group
        echo 'PATH="${descriptions.environment}/bin:$PATH"' >etc/profile.d/environment.sh
        echo '. /etc/profile.d/environment.sh' >etc/profile
      '';
    }).overrideAttrs
      (_old: {
        meta = {
          description = "Streams the image ${name}: ${config.Labels."org.opencontainers.image.description"}";
          platforms = [ "x86_64-linux" ];
        };
      });

  images = {
    image = image "lab" environments.environment;
    image-gpu = image "lab-gpu" environments.environment-gpu;
    image-mlflow = image "mlflow" environments.environment-mlflow;
  };

  load =
    name: lab:
    pkgs.writeShellApplication {
      inherit name;
      text = ''
        ${lab} | docker load
        ${images.image-mlflow} | docker load
      '';
      meta.description = "Load the images of the lab and of MLflow into Docker";
    };
in
{
  inherit images;
  load = load "load" images.image;
  load-gpu = load "load-gpu" images.image-gpu;
}
