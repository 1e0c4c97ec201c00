# Images: the Debian system as the root folder, the environment in /nix/store. Layers by how often they change: the
# system, each big package, the other packages, what is made of our own code, and last what is written out here.
{
  system,
  environments,
  recipes, # of the environments
  contents, # of ../shared/environments.nix
  packages, # variant and groups to packages of the lock
  jupyter-utils,
  descriptions, # of ../shared/image/config.nix
}:
let
  inherit (import ../shared/project.nix) license;
  scripts = system.folder {
    name = "image-scripts";
    path = ./image;
  };

  # Packages of some 25 MB and more, each a layer of its own; CUDA's, too, which only the CUDA variant has.
  big = [
    "babel"
    "blis"
    "botocore"
    "fonttools"
    "ipadic"
    "ja-ginza"
    "jupyterlab"
    "matplotlib"
    "mlflow"
    "numpy"
    "pandas"
    "plotly"
    "polars-runtime-32"
    "pyarrow"
    "ruff"
    "scikit-learn"
    "scipy"
    "spacy"
    "sqlalchemy"
    "sudachidict-core"
    "sympy"
    "torch"
    "transformers"
    "triton"
    "unidic-lite"
  ];
  isBig =
    package:
    builtins.elem package.pname big
    || (builtins.match "nvidia-.*" package.pname != null && package.pname != "nvidia-ml-py");

  layer =
    name: kind: attributes:
    system.run "${scripts}/layer.py" (
      {
        name = "layer-${builtins.replaceStrings [ " " ] [ "-" ] name}";
        layerName = name;
        inherit kind;
      }
      // attributes
    );

  # The files that make a system of an environment.
  configuration = import ./image-files.nix { inherit system descriptions; };

  # The line of shell that runs deliver.py.
  deliver =
    command: images:
    ''exec ${system.stdlib}/bin/python3.11 -sB ${scripts}/deliver.py ${command} ${images} "$@"'';

  packagesOf = name: packages contents.${name}.variant contents.${name}.groups;

  # An image of an environment, both by name.
  image =
    kind: made:
    let
      environment = environments.${made};
      inherit (descriptions.${kind}) name config;
      paths =
        name: group: paths:
        layer name group { inherit paths; };
      # Each big package a layer, the others one together.
      layersOf =
        name: packages:
        map (package: paths package.pname "big" [ package ]) (builtins.filter isBig packages)
        ++ [ (paths name "packages" (builtins.filter (package: !isBig package) packages)) ];
      # What the MLflow server needs comes first in all images, so that Docker keeps these layers once.
      all = packagesOf made;
      served = packagesOf "environment-mlflow";
      isServed = package: builtins.elem package.pname (map (one: one.pname) served);
      others = builtins.filter (package: !isServed package) all;
      layers = [
        (layer "system" "system" { inherit (system) root; })
      ]
      ++ layersOf "packages of the server" ([ (system.stdlib // { pname = "python"; }) ] ++ served)
      ++ (if others == [ ] then [ ] else layersOf "packages" others)
      ++ [
        (paths "jupyter-utils" "ours" [
          environment
          jupyter-utils
          recipes.${made}
        ])
        (layer "configuration" "configuration" {
          # It names the environment, and needs not wait for it.
          files = builtins.unsafeDiscardStringContext (
            builtins.toJSON (configuration environment recipes.${made})
          );
        })
      ];
    in
    system.run "${scripts}/image.py" {
      name = "image-${kind}";
      imageName = name;
      tags = [
        "latest"
        config.Labels."org.opencontainers.image.version"
      ];
      config = builtins.toJSON config;
      inherit layers;
      inherit (system) root;
      exportReferencesGraph = [
        "closure"
        environment
      ];
      deliver = deliver "@command@" "@image@";
    }
    // {
      meta = {
        description = "The image ${name}: ${config.Labels."org.opencontainers.image.description"}";
        mainProgram = name;
        inherit license;
      };
    };

  # A program that brings an image and that of the MLflow server somewhere.
  program =
    name: does: lab:
    system.run "${scripts}/program.py" {
      inherit name;
      script = deliver does "${lab}/image.json ${image-mlflow}/image.json";
    }
    // {
      meta = {
        description =
          {
            load = "Load the images ${lab.meta.mainProgram} and ${image-mlflow.meta.mainProgram} into Docker";
            save = "Write the images ${lab.meta.mainProgram} and ${image-mlflow.meta.mainProgram} into a file for docker load";
          }
          .${does};
        mainProgram = name;
        inherit license;
      };
    };

  image-lab = image "lab" "environment";
  image-gpu = image "lab-gpu" "environment-gpu";
  image-mlflow = image "mlflow" "environment-mlflow";
in
{
  image = image-lab;
  inherit image-gpu image-mlflow;
  load = program "load" "load" image-lab;
  load-gpu = program "load-gpu" "load" image-gpu;
  save = program "save" "save" image-lab;
  save-gpu = program "save-gpu" "save" image-gpu;
}
