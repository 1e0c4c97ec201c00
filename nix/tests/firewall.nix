# Other machines reach a service only where it listens for them and the firewall is open.
{
  name = "firewall";

  nodes.server = {
    services.jupyterlab = {
      enable = true;
      host = "0.0.0.0";
    };
    services.mlflow-server = {
      enable = true;
      host = "0.0.0.0";
      openFirewall = true;
      allowedHosts = [ "server:15000" ];
    };
  };
  nodes.client = { };

  testScript = ''
    start_all()
    server.wait_for_unit("jupyterlab.service", timeout=300)
    server.succeed("curl --fail http://127.0.0.1:18080/api")
    client.wait_until_succeeds("curl --fail http://server:15000/health", timeout=60)
    # It listens, but nobody opened the firewall for it.
    client.fail("curl --fail --max-time 5 http://server:18080/api")
    # Reachable from elsewhere, MLflow asks for a password without being told to.
    client.fail("curl --fail 'http://server:15000/api/2.0/mlflow/experiments/get?experiment_id=0'")
  '';
}
