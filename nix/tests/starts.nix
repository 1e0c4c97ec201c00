# Both services answer once systemd says that they are started, and come back when they are killed.
{
  name = "starts";

  nodes.machine = {
    services.jupyterlab.enable = true;
    services.mlflow-server.enable = true;
  };

  testScript = ''
    # Type=notify: active means that it answers, so nothing is waited for after this.
    machine.wait_for_unit("jupyterlab.service", timeout=300)
    machine.succeed("curl --fail http://127.0.0.1:18080/api")
    machine.succeed("curl --fail http://127.0.0.1:15000/health")

    for unit, address in (("jupyterlab", "127.0.0.1:18080/api"), ("mlflow-server", "127.0.0.1:15000/health")):
        # kill -9 of the first process leaves nothing half-alive that keeps the port.
        machine.succeed(f"systemctl kill --signal=KILL --kill-whom=main {unit}.service")
        machine.wait_until_succeeds(f"curl --fail http://{address}", timeout=60)
  '';
}
