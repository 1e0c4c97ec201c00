# shellcheck shell=bash
# What ./quickstart and ./check do before they start anything: see what this machine is, install what is missing,
# fetch, build. Sourced by both; the caller has set -euo pipefail and stands in the repository.

. nix/setup/words.sh
. nix/setup/dotenv.sh
. nix/setup/network.sh
. nix/setup/machine.sh
. nix/setup/packages.sh
. nix/setup/nix.sh
. nix/setup/build.sh
