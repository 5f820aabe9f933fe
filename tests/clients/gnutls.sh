#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# GnuTLS with the module by p11-kit, as docs/clients/gnutls.md says: certtool makes requests, certificates, CRLs and signatures, gnutls-serv serves TLS. openssl
# judges all of it.
set -eu
# shellcheck source=tests/clients/clients.sh
. "$SIGNET_SOURCE/tests/clients/clients.sh"
# shellcheck source=tests/clients/pkcs11.sh
. "$SIGNET_SOURCE/tests/clients/pkcs11.sh"
client_needs certtool:gnutls-bin p11tool:gnutls-bin gnutls-serv:gnutls-bin
client_network

pkcs11_begin gnutls
for key in www-rsa:21:rsa:2048 www-ec:22:EC:prime256v1; do
  IFS=: read -r name id type <<<"$key"
  lab_key demo "$name" "$id" "$type"
  client_certificate "$name" www.example.org
done
pkcs11_rule gnutls '## The rule'
lab_signetd demo=ready
mkdir -m 1777 "$LAB/work"
cd "$LAB/work"
ca=$LAB/certificates/ca.pem
cp "$LAB"/certificates/*.pem .
printf 'The offer: 12 francs.\n' >offer.txt
printf '%s\n' 'cn = "Alice"' 'email = "alice@example.org"' 'expiration_days = 30' signing_key >request.cfg
printf '%s\n' 'cn = "An authority"' 'expiration_days = 30' ca cert_signing_key crl_signing_key >authority.cfg
printf '%s\n' 'crl_next_update = 30' 'crl_number = 1' >crl.cfg
modules=$LAB/home/alice/.config/pkcs11/modules
mkdir -p "$modules"
pkcs11_page gnutls 'p11-kit/modules/' >"$modules/signet.module"
chown -R "$(lab_uid alice)" "$LAB/home/alice"

# page WORDS [KEY]: alice runs that block of the page, with this key for alice-rsa.
page() {
  pkcs11_page gnutls "$1" | sed "s/alice-rsa/${2-alice-rsa}/g" >page.sh
  lab_as alice sh -e page.sh
}

# revoked: crl.pem has the serial number of certificate.pem.
revoked() {
  plain openssl crl -in crl.pem -noout -text | grep -q "Serial Number: $(openssl x509 -in certificate.pem -noout -serial | cut -d= -f2)"
}

check 'p11-kit finds the token and its objects' page 'from the command line too'
for key in alice-rsa alice-ec alice-ed; do
  rm -f ./*.p7s request.pem authority.pem certificate.pem crl.pem
  check "a request, a certificate, a CRL: $key" page 'A request, a certificate, and a CRL' $key
  check "openssl accepts the request: $key" plain openssl req -in request.pem -verify -noout
  check "openssl accepts the certificate: $key" plain openssl verify -CAfile authority.pem certificate.pem
  check "openssl accepts the CRL: $key" plain openssl crl -in crl.pem -CAfile authority.pem -noout
  check "the certificate is on the CRL: $key" revoked
done
for key in alice-rsa alice-ec; do
  check "p11tool tries the key: $key" lab_as alice p11tool --test-sign "pkcs11:token=demo;object=$key;type=private"
  check "certtool signs: $key" page 'A signature over a file' $key
  check "openssl accepts that: $key" plain openssl cms -verify -binary -inform PEM -in offer.p7s -content offer.txt -CAfile "$ca" -out /dev/null
  rm offer.p7s
done
same 'what was asked of signetd' "$(pkcs11_asked alice)" 'sign:csr sign:digest'

# --- TLS -------------------------------------------------------------------------------------------------------

pkcs11_page gnutls 'A server for TLS' >server.sh
for key in www-rsa www-ec; do
  sed "s/^/exec /; s/www-rsa/$key/g" server.sh >$key.sh
  lab_start server alice sh $key.sh
  client_await_server server 5556
  case $key in
    www-rsa)
      client_handshake 'TLS 1.3, RSA' $key 'Peer signature type: RSA-PSS' -tls1_3 -connect 127.0.0.1:5556
      client_handshake 'TLS 1.2, RSA, PKCS #1 v1.5' $key 'Peer signature type: RSA$' -tls1_2 -sigalgs RSA+SHA256 -connect 127.0.0.1:5556
      ;;
    www-ec)
      client_handshake 'TLS 1.3, P-256' $key 'Peer signature type: ECDSA' -tls1_3 -connect 127.0.0.1:5556
      client_handshake 'TLS 1.2, P-256' $key 'Peer signature type: ECDSA' -tls1_2 -connect 127.0.0.1:5556
      ;;
  esac
  lab_stop server KILL # asked to end, it says that it failed
done

# --- other rules -----------------------------------------------------------------------------------------------

pkcs11_page gnutls '## The rule' | sed 's/"digest", //' | lab_config_policy
lab_quietly lab_as signetd signetctl policy reload
request() {
  lab_as alice certtool --generate-request --load-privkey "pkcs11:token=demo;object=$1;type=private" --template request.cfg --outfile request.pem
}
check 'a right to csr is enough for a request with Ed25519' request alice-ed
refuse 'and not with RSA' 'PKCS #11 error|rror' request alice-rsa
pkcs11_no_rule
refuse 'without a rule there is no key' 'object is not available|No matching|rror' request alice-rsa
check_done
