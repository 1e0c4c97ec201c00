# shellcheck shell=bash
# What ./quickstart and ./check do before they start anything: see what this machine is, install what is missing,
# fetch, build. Sourced by both; the caller has set -euo pipefail and stands in the repository.

COMMAND_LINE=("$@")
. nix/setup/words.sh
. nix/setup/dotenv.sh
. nix/setup/network.sh
. nix/setup/machine.sh
. nix/setup/checkout.sh
. nix/setup/packages.sh
. nix/setup/python.sh
. nix/setup/nix.sh
. nix/setup/install_nix.sh
. nix/setup/prepare.sh
. nix/setup/build.sh
