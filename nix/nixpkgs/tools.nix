# The tools that a lab's terminals and notebooks find beside the environment.
{ pkgs }:
[
  pkgs.bash
  pkgs.coreutils
  pkgs.git
  pkgs.less
  pkgs.openssh
  pkgs.procps
  # torch.compile and Triton compile at run time.
  pkgs.stdenv.cc
]
