#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Java's keytool with the module by SunPKCS11, as docs/clients/java.md says: it lists the keys and makes requests and a CRL with them. openssl judges.
set -eu
# shellcheck source=tests/clients/clients.sh
. "$SIGNET_SOURCE/tests/clients/clients.sh"
# shellcheck source=tests/clients/pkcs11.sh
. "$SIGNET_SOURCE/tests/clients/pkcs11.sh"
client_needs keytool:default-jre-headless
client_needs_root 'alice is another user'

pkcs11_begin java
pkcs11_rule java '## The rule'
lab_signetd demo=ready
mkdir -m 1777 "$LAB/work"
cd "$LAB/work"
pkcs11_page java 'signet.cfg`:' >signet.cfg
pkcs11_page java 'The key store is of type' >page.sh

# page LINE [KEY ALGORITHM]: alice runs that line of the page.
page() {
  sed -n "$1 { s/alice-rsa/${2-alice-rsa}/; s/SHA256withRSA/${3-SHA256withRSA}/; p }" page.sh >line.sh
  lab_as alice sh -e line.sh
}

page 1 >list 2>&1 || check_failed 'keytool lists the keys' "$(cat list)"
for key in alice-rsa:SHA256withRSA alice-ec:SHA256withECDSA; do
  IFS=: read -r name algorithm <<<"$key"
  check "keytool lists $name" grep -q "^$name, PrivateKeyEntry" list
  rm -f request.pem
  check "keytool makes a request: $name" page 2 "$name" "$algorithm"
  check "openssl accepts it: $name" plain openssl req -in request.pem -verify -noout
  same "it is for that key: $name" "$(plain openssl req -in request.pem -noout -pubkey)" "$(cat "$LAB/keys/$name.pem")"
done
same 'no primitive right was needed' "$(pkcs11_asked alice)" 'sign:csr'

# crl: alice signs what no typed purpose knows.
crl() {
  lab_as alice keytool -gencrl -id 1 -alias alice-rsa -keystore NONE -storetype PKCS11 -storepass '' -addprovider SunPKCS11 -providerArg signet.cfg -rfc -file list.crl
}
refuse 'a right to csr is none to sign a CRL' 'CKR_KEY_FUNCTION_NOT_PERMITTED' crl
pkcs11_page java '## The rule' | sed 's/"csr"/"digest"/' | lab_config_policy
lab_quietly lab_as signetd signetctl policy reload
check 'a right to digest is' crl
check 'openssl accepts the CRL' plain openssl crl -inform PEM -in list.crl -CAfile "$LAB/certificates/alice-rsa.pem" -noout
refuse 'bob has no such key' 'Initialization failed|does not exist' lab_as bob sh -e line.sh
pkcs11_no_rule
refuse 'without the rule alice has none either' 'Initialization failed|does not exist' page 2
check_done
