# shellcheck shell=bash
# What every tool needs to get through a company's network.

# Proxies in both letter cases and the company's certificates, for apt, pip and Nix alike.
use_network_settings() {
  local name value lower
  for name in HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    lower=${name,,}
    value=$(setting "$name")
    [ -n "$value" ] || value=$(setting "$lower")
    [ "$name" = NO_PROXY ] && value="localhost,127.0.0.1,::1${value:+,$value}"
    [ -z "$value" ] || export "$name=$value" "$lower=$value"
  done
  value=$(setting EXTRA_CA_CERTS)
  [ -n "$value" ] || return 0
  [ -r "$value" ] || die "EXTRA_CA_CERTS names $value, which cannot be read; give the path of a PEM file"
  mkdir -p .cache
  cat /etc/ssl/certs/ca-certificates.crt "$value" >.cache/certificates.pem 2>/dev/null || cp "$value" .cache/certificates.pem
  value=$PWD/.cache/certificates.pem
  export PIP_CERT=$value SSL_CERT_FILE=$value NIX_SSL_CERT_FILE=$value REQUESTS_CA_BUNDLE=$value CURL_CA_BUNDLE=$value
}
