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
      nixpkgs = "vim";
      debian = "vim";
      commands = [ "vim" ];
    }
    {
      nixpkgs = "tmux";
      debian = "tmux";
      commands = [ "tmux" ];
    }
    {
      nixpkgs = "htop";
      debian = "htop";
      commands = [ "htop" ];
    }
    {
      nixpkgs = "curl";
      debian = "curl";
      commands = [ "curl" ];
    }
    {
      nixpkgs = "wget";
      debian = "wget";
      commands = [ "wget" ];
    }
    {
      nixpkgs = "unzip";
      debian = "unzip";
      commands = [ "unzip" ];
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
    {
      # torch.compile has it compute checksums of what it compiles.
      nixpkgs = "openssl";
      debian = "openssl";
      commands = [ "openssl" ];
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
