# What an image says of itself: plain data in the words of the OCI image configuration, for both bases.
{
  # The commit that the image is built from.
  revision,
  # SHA-256 of poetry.lock: what a run records.
  lockHash,
  # What the environment of a variant is called.
  name,
}:
let
  environmentName = name;
  inherit (import ./system.nix) home environment recipe;
  inherit (import ../project.nix) version license;
  second = 1000000000;
  image =
    {
      name,
      description,
      command,
      ports,
      variant ? "cpu",
      variables ? [ ],
    }:
    {
      name = "jupyter-utils-${name}";
      config = {
        Env = [
          "PATH=${(import ../path.nix).image environment}"
          "LANG=C.UTF-8"
          "SHELL=/bin/bash"
          # Where Kubeflow and JupyterHub mount their volumes.
          "HOME=${home}"
          "JUPYTER_UTILS_PROFILE=container"
          "JUPYTER_UTILS_RECIPE=${recipe}"
          # Nobody in the container knows where its ports are published; unless told, everywhere is assumed.
          "LISTEN_ADDRESS=0.0.0.0"
        ]
        ++ variables;
        Entrypoint = [
          "/usr/bin/tini"
          "--"
          "${environment}/bin/jupyter-utils"
          "container"
        ];
        Cmd = [ command ];
        ExposedPorts = builtins.listToAttrs (
          map (port: {
            name = "${toString port}/tcp";
            value = { };
          }) ports
        );
        Healthcheck = {
          Test = [
            "CMD"
            "${environment}/bin/jupyter-utils"
            "health"
          ];
          Interval = 10 * second;
          Timeout = 10 * second;
          StartPeriod = 60 * second;
          Retries = 3;
        };
        StopSignal = "SIGTERM";
        WorkingDir = "/";
        Labels = {
          "org.opencontainers.image.title" = "jupyter-utils-${name}";
          "org.opencontainers.image.description" = description;
          "org.opencontainers.image.version" = version;
          "org.opencontainers.image.licenses" = license.spdxId;
          "org.opencontainers.image.revision" = revision;
          "jupyter-utils.lock" = lockHash;
          "jupyter-utils.environment" = environmentName variant;
        };
      };
    };
in
{
  inherit environment recipe;

  lab = image {
    name = "lab";
    description = "JupyterLab and MLflow for deep learning on text";
    command = "lab";
    ports = [
      18080
      15000
    ];
  };
  lab-gpu = image {
    name = "lab-gpu";
    description = "JupyterLab and MLflow for deep learning on text, with CUDA";
    command = "lab";
    ports = [
      18080
      15000
    ];
    variant = "cuda";
    # The NVIDIA container toolkit reads these.
    variables = [
      "NVIDIA_VISIBLE_DEVICES=all"
      "NVIDIA_DRIVER_CAPABILITIES=compute,utility"
    ];
  };
  mlflow = image {
    name = "mlflow";
    description = "The MLflow server";
    command = "mlflow";
    ports = [ 15000 ];
  };
}
