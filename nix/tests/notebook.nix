# A notebook that is run on one machine stores its run, with the commit, on the MLflow server of another.
let
  notebook = builtins.toFile "experiment.ipynb" (
    builtins.toJSON {
      nbformat = 4;
      nbformat_minor = 5;
      metadata.kernelspec = {
        name = "python3";
        display_name = "Python 3";
      };
      cells = [
        {
          id = "save";
          cell_type = "code";
          execution_count = null;
          metadata = { };
          outputs = [ ];
          source = ''
            import jupyter_utils
            jupyter_utils.save_mlflow(experiment_name="vm", params={"lr": 0.1}, notebook="experiment.ipynb")
          '';
        }
      ];
    }
  );
in
{
  name = "notebook";

  nodes.mlflow = {
    services.mlflow-server = {
      enable = true;
      host = "0.0.0.0";
      openFirewall = true;
      auth = "off";
      allowedHosts = [ "mlflow:15000" ];
    };
  };
  nodes.lab =
    { config, pkgs, ... }:
    {
      services.jupyterlab = {
        enable = true;
        mlflow.url = "http://mlflow:15000";
      };
      environment.systemPackages = [
        pkgs.git
        config.services.jupyterlab.package.environment
      ];
    };

  testScript = ''
    import json

    start_all()
    mlflow.wait_for_unit("mlflow-server.service", timeout=300)
    lab.wait_for_unit("jupyterlab.service", timeout=300)
    folder = "/var/lib/jupyterlab/notebooks/research"
    user = "runuser -u jupyterlab -- env HOME=/var/lib/jupyterlab"
    lab.succeed(f"{user} git init {folder}", f"{user} cp ${notebook} {folder}/experiment.ipynb")
    lab.succeed(f"{user} git -C {folder} config user.name Taro", f"{user} git -C {folder} config user.email t@example.org")
    lab.succeed(f"{user} chmod u+w {folder}/experiment.ipynb")

    # With the address that the service has, in the environment that the service has.
    environment = lab.succeed("systemctl show --property=Environment --value jupyterlab.service")
    assert "MLFLOW_TRACKING_URI=http://mlflow:15000" in environment
    lab.succeed(
        f"cd {folder} && {user} MLFLOW_TRACKING_URI=http://mlflow:15000 jupyter execute --inplace experiment.ipynb"
    )
    commit = lab.succeed(f"{user} git -C {folder} rev-parse HEAD").strip()

    search = "http://127.0.0.1:15000/api/2.0/mlflow/runs/search"
    body = json.dumps({"experiment_ids": ["1"]})
    found = json.loads(mlflow.succeed(f"curl --fail --header 'Content-Type: application/json' {search} --data '{body}'"))
    tags = {tag["key"]: tag["value"] for tag in found["runs"][0]["data"]["tags"]}
    assert tags["mlflow.source.git.commit"] == commit, "the run names the commit that made it"
  '';
}
