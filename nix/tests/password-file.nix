# MLflow's administrator has the password of the file, and notebooks of this machine's lab have it too.
{
  name = "password-file";

  nodes.machine = {
    services.mlflow-server = {
      enable = true;
      auth = "on";
      adminPasswordFile = "/run/secrets/mlflow";
    };
    systemd.tmpfiles.settings.secrets."/run/secrets/mlflow".f = {
      mode = "0400";
      argument = "correct-horse-battery";
    };
  };

  testScript = import ./lib.nix + ''
    machine.wait_for_unit("mlflow-server.service", timeout=300)
    experiment = "http://127.0.0.1:15000/api/2.0/mlflow/experiments/get?experiment_id=0"
    machine.fail(f"curl --fail --silent '{experiment}'")
    machine.fail(f"curl --fail --silent --user admin:password1234 '{experiment}'")  # MLflow's own default
    run_id = log_run(machine, "with password", options="--user admin:correct-horse-battery")
    assert value_of(machine, run_id, options="--user admin:correct-horse-battery") == "with password"
  '';
}
