# shellcheck shell=bash
# What every tool needs to get through a company's network.

# Proxies in both letter cases, mirrors, and the company's certificates, for apt, pip and Nix alike.
use_network_settings() {
  local name value
  read_dotenv
  no_proxy_given=$(setting NO_PROXY)
  for name in HTTP_PROXY HTTPS_PROXY NO_PROXY DEBIAN_MIRROR DEBIAN_SECURITY_MIRROR DEBIAN_SNAPSHOT PIP_INDEX_URL ENVIRONMENTS; do
    value=$(setting "$name")
    [ "$name" != NO_PROXY ] || value="localhost,127.0.0.1,::1${value:+,$value}"
    [ -z "$value" ] || export "$name=$value"
    [[ -z $value || $name != *_PROXY ]] || export "${name,,}=$value"
  done
  use_certificates "$(setting EXTRA_CA_CERTS)"
}

# Take the local names off again: the lab adds its own, and a line of .env that refers to NO_PROXY must find it as it was.
restore_no_proxy() {
  unset NO_PROXY no_proxy
  [ -z "$no_proxy_given" ] || export NO_PROXY=$no_proxy_given no_proxy=$no_proxy_given
}

use_certificates() { # EXTRA_CA_CERTS, relative to the folder of .env, which is this one
  local value=$1
  [ -n "$value" ] || return 0
  # As docker-compose takes it.
  case $value in
    /* | ./* | ../*) ;;
    \~/*) value=$HOME/${value:2} ;;
    *) die "EXTRA_CA_CERTS='$value' cannot be used: begin it with /, ./, ../ or ~/, since docker-compose takes a bare name for a volume's" ;;
  esac
  [ -r "$value" ] || die "EXTRA_CA_CERTS names $value, which cannot be read; give the path of a PEM file"
  grep -q -e '-----BEGIN CERTIFICATE-----' -e '-----BEGIN TRUSTED CERTIFICATE-----' "$value" || die "EXTRA_CA_CERTS names $value, which is no PEM file (no line -----BEGIN CERTIFICATE-----); if it is DER: openssl x509 -inform der -in '$value' -out company.pem"
  mkdir -p .cache
  cat /etc/ssl/certs/ca-certificates.crt "$value" >.cache/certificates.pem 2>/dev/null || cp "$value" .cache/certificates.pem
  value=$PWD/.cache/certificates.pem
  export PIP_CERT=$value SSL_CERT_FILE=$value NIX_SSL_CERT_FILE=$value REQUESTS_CA_BUNDLE=$value CURL_CA_BUNDLE=$value
}
