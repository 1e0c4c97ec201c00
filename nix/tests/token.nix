# Nobody gets into JupyterLab without the token, which is the one in the file.
{
  name = "token";

  nodes.machine =
    { pkgs, ... }:
    {
      services.jupyterlab = {
        enable = true;
        # Written at boot, which only a test does: what stands in a configuration is in the store, and no secret.
        tokenFile = "/run/secrets/token";
      };
      systemd.tmpfiles.settings.secrets."/run/secrets/token".f = {
        mode = "0400";
        argument = "a-token-for-the-test";
      };
      environment.systemPackages = [ pkgs.curl ];
    };

  testScript = ''
    machine.wait_for_unit("jupyterlab.service", timeout=300)
    contents = "curl --silent --output /dev/null --write-out '%{http_code}' http://127.0.0.1:18080/api/contents"
    assert machine.succeed(contents) == "403", "without a token"
    assert machine.succeed(f"{contents}?token=wrong") == "403", "with another token"
    assert machine.succeed(f"{contents}?token=a-token-for-the-test") == "200", "with the token of the file"
    # The journal has more readers than the file.
    machine.fail("journalctl --unit=jupyterlab | grep a-token-for-the-test")
  '';
}
