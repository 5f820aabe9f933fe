#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# openssl s_server and curl, both with a key of signetd's, the server's and the client's: each proves itself to a program without Signet, and both to
# each other. tests/integration/openssl-provider.sh has `openssl cms`, `req`, `dgst` and `pkeyutl`.
set -eu
# shellcheck source=tests/clients/clients.sh
. "$SIGNET_SOURCE/tests/clients/clients.sh"
client_needs curl
client_network

lab_begin client-openssl
lab_demo_token
for key in www-rsa:21:rsa:2048 www-ec:22:EC:prime256v1; do
  IFS=: read -r name id type <<<"$key"
  lab_key demo "$name" "$id" "$type"
  client_certificate "$name" www.example.org
done
client_certificate alice-rsa alice.example.org
client_certificate alice-ec alice.example.org
lab_bus
lab_config
lab_config_token demo
{
  client_rule server '"bob"' 'pkcs11:token=demo;object=www-*' '"sign"' '"digest"'
  client_rule client '"alice"' 'pkcs11:token=demo;object=alice-*' '"sign"' '"digest"'
} | lab_config_policy
lab_signetd demo=ready
mkdir -m 1777 "$LAB/work"
cd "$LAB/work"
client_openssl_conf openssl.cnf
for key in www-rsa www-ec alice-rsa alice-ec; do
  client_key_file "pkcs11:token=demo;object=$key" "$key.key"
done
openssl req -x509 -newkey rsa:2048 -nodes -keyout soft.key -out soft.pem -subj /CN=www.example.org -addext subjectAltName=DNS:www.example.org \
  -days 30 2>/dev/null
chmod 0644 soft.key

# server USER CERTIFICATE KEY: wants a certificate of the lab's CA from whoever comes.
server() {
  lab_start server "$1" env OPENSSL_CONF="$LAB/work/openssl.cnf" openssl s_server -accept 127.0.0.1:8443 -cert "$2" -key "$3" -www \
    -Verify 1 -verify_return_error -CAfile "$LAB/certificates/ca.pem"
  client_await_server server 8443
}

# fetch USER KEY CA OPTION...: a page, if the server knows the client.
fetch() {
  local user=$1 key=$2 ca=$3
  shift 3
  lab_as "$user" env OPENSSL_CONF="$LAB/work/openssl.cnf" curl -sS --resolve www.example.org:8443:127.0.0.1 --cacert "$ca" \
    --cert "$LAB/certificates/$key.pem" --key "$key.key" "$@" -o page.html https://www.example.org:8443/ && grep -q 'Client certificate' page.html
}

# Pages are written by whoever fetches.
client_page() {
  rm -f page.html
  check "$@"
}

server "$LAB_USER" soft.pem soft.key
for key in alice-rsa alice-ec; do
  client_page "curl shows $key to a plain server, TLS 1.3" fetch alice "$key" soft.pem --tlsv1.3
  client_page "curl shows $key to a plain server, TLS 1.2" fetch alice "$key" soft.pem --tls-max 1.2
done
refuse 'another user has no such key' 'curl: \(58\)' fetch bob alice-rsa soft.pem
lab_stop server

for key in www-rsa www-ec; do
  server bob "$LAB/certificates/$key.pem" "$key.key"
  client_page "curl and s_server, both with signetd: $key and alice-ec" fetch alice alice-ec "$LAB/certificates/ca.pem"
  client_page "TLS 1.2: $key and alice-rsa" fetch alice alice-rsa "$LAB/certificates/ca.pem" --tls-max 1.2
  lab_stop server
done
refuse 'a user without a rule serves nothing with it' 'no such key|unable to load|Could not read' \
  lab_as carol env OPENSSL_CONF="$LAB/work/openssl.cnf" openssl s_server -accept 127.0.0.1:8443 -cert "$LAB/certificates/www-rsa.pem" -key www-rsa.key
check_done
