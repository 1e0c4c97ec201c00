# Runs and notebooks are there after the machine was switched off and on.
{
  name = "reboot";

  nodes.machine = {
    services.jupyterlab.enable = true;
    services.mlflow-server.enable = true;
  };

  testScript = import ./lib.nix + ''
    machine.wait_for_unit("jupyterlab.service", timeout=300)
    run_id = log_run(machine, "before")
    notebooks = "/var/lib/jupyterlab/notebooks"
    machine.succeed(f"runuser -u jupyterlab -- touch {notebooks}/kept.ipynb")

    machine.shutdown()
    machine.start()
    machine.wait_for_unit("jupyterlab.service", timeout=300)
    # The store is the same one, not an empty one of that name.
    assert value_of(machine, run_id) == "before"
    machine.succeed(f"test -e {notebooks}/kept.ipynb")
  '';
}
