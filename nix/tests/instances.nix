# Several labs on one machine: each runs as its user and cannot look into another's folder.
{
  name = "instances";

  nodes.machine = {
    services.jupyterlab.instances = {
      taro.port = 18081;
      hanako.port = 18082;
    };
    users.users.taro.isNormalUser = true;
    users.users.hanako.isNormalUser = true;
  };

  testScript = ''
    for user, port in (("taro", 18081), ("hanako", 18082)):
        machine.wait_for_unit(f"jupyterlab-{user}.service", timeout=300)
        machine.succeed(f"curl --fail http://127.0.0.1:{port}/api")
        owner = machine.succeed(f"stat --format=%U:%a /var/lib/jupyterlab-{user}").strip()
        assert owner == f"{user}:700", "a lab's folder is its user's alone"
  '';
}
