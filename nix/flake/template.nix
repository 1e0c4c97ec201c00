# nix flake init -t /home/me/lab
{
  path = ../template;
  description = "A research project: the lab with packages of its own, a notebook, a test";
  welcomeText = ''
    # A research project on the lab

    1. In `flake.nix`, write the lab's address into the one line that says so (`inputs.lab.url`).
    2. List your packages in `pyproject.toml`, then lock them: `nix run LAB#lock -- --project .`, LAB being that address.
       In a Git repository, `git add lock`: Nix sees only what Git knows.
    3. `nix run .#lab`; `nix develop` for editing and tests.
  '';
}
