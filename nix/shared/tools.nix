# The tools that are at hand beside the environment: what nixpkgs and Debian call each, and which commands we want of it.
{
  # In notebooks and terminals, on the host and in images.
  lab = [
    {
      nixpkgs = "git";
      debian = "git";
      commands = [ "git" ];
    }
    {
      nixpkgs = "openssh";
      debian = "openssh-client";
      commands = [
        "ssh"
        "ssh-add"
        "ssh-agent"
        "ssh-keygen"
        "ssh-keyscan"
        "scp"
      ];
    }
    {
      nixpkgs = "less";
      debian = "less";
      commands = [ "less" ];
    }
    {
      nixpkgs = "procps";
      debian = "procps";
      commands = [ "ps" ];
    }
    {
      nixpkgs = "bash";
      debian = "bash";
      commands = [ "bash" ];
    }
  ];

  # In images besides.
  image = [
    {
      nixpkgs = "nano";
      debian = "nano";
      commands = [ "nano" ];
    }
    {
      # The first process of a container.
      nixpkgs = "tini";
      debian = "tini";
      commands = [ "tini" ];
    }
  ];
}
