# A backup is made while the server runs; restoring it brings back its runs, and keeps what was there aside.
{
  name = "backup";

  nodes.machine = {
    services.mlflow-server = {
      enable = true;
      backup.enable = true;
    };
  };

  testScript = import ./lib.nix + ''
    machine.wait_for_unit("mlflow-server.service", timeout=300)
    # It comes by itself every night.
    assert "mlflow-server-backup.timer" in machine.succeed("systemctl list-timers --all")

    run_id = log_run(machine, "backed up")
    machine.succeed("systemctl start mlflow-server-backup.service")
    later = log_run(machine, "later")

    machine.succeed("systemctl start mlflow-server-restore@latest.service")
    machine.wait_for_unit("mlflow-server.service", timeout=300)
    assert value_of(machine, run_id) == "backed up"
    machine.fail(f"curl --fail 'http://127.0.0.1:15000/api/2.0/mlflow/runs/get?run_id={later}'")
    machine.succeed("ls /var/lib/mlflow/mlflow.db.replaced-*")
  '';
}
