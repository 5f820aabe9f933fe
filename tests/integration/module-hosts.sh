#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# signet-pkcs11.so under the tests that OpenSC and GnuTLS bring, and in Java: no failure, and each warning is known. tests/integration/module-tools.sh has
# slots and logins, tests/clients/trace.sh the calls themselves.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"
# The programs are not ours: pkcs11-tool 0.23 leaks and uses what it freed, which a sanitizer does not let pass. module.sh has the module under sanitizers.
lab_sanitized && skip_all 'OpenSC and GnuTLS are not built with sanitizers'

lab_begin module-hosts
lab_demo "$LAB_USER"
cd "$LAB/work"
module=$LAB/lib/signet-pkcs11.so
token=pkcs11:token=demo

# --- OpenSC --------------------------------------------------------------------------------------------------

# What it leaves out has reasons of its own. It tries signatures only with mechanisms that a device does alone (CKF_HW), and then signs words that are no
# DigestInfo with CKM_RSA_PKCS, which signetd does not. It verifies with what can encrypt, and the module has no public operations.
for login in '' '--login --pin 0000'; do
  # shellcheck disable=SC2086 # words
  check "pkcs11-tool --test $login" to test.log pkcs11-tool --module "$module" --test $login
  for line in 'seems to be OK' 'all 4 digest functions seem to work' 'RSA-PKCS: OK' 'No errors'; do
    check "it says: $line" grep -q "$line" test.log
  done
  same 'and of nothing that it failed' "$(grep -iE 'fail|warning|ERR' test.log | grep -v '^No errors')" ''
done

# --- GnuTLS --------------------------------------------------------------------------------------------------

if command -v p11tool >/dev/null; then
  tool() {
    p11tool --provider "$module" "$@"
  }
  check 'p11tool --list-all' to objects tool --list-all "$token"
  same 'shows two certificates, three private and three public keys' \
    "$(grep -o 'type=[a-z]*' objects | sort | uniq -c | xargs)" '2 type=cert 3 type=private 3 type=public'
  check 'p11tool --list-all-privkeys' tool --list-all-privkeys "$token"
  for key in alice-rsa alice-ec; do
    check "p11tool --info of $key" tool --info "$token;object=$key;type=cert"
    check "p11tool --export of $key" to exported.pem tool --export "$token;object=$key;type=cert"
    same 'is its certificate' "$(openssl x509 -in exported.pem -noout -fingerprint)" \
      "$(openssl x509 -in "$LAB/certificates/$key.pem" -noout -fingerprint)"
    check "p11tool --export-pubkey of $key" to exported.pem tool --export-pubkey "$token;object=$key;type=private"
    same 'is its public key' "$(sed -n '/BEGIN/,/END/p' exported.pem)" "$(cat "$LAB/keys/$key.pem")"
    check "p11tool --test-sign with $key" to sign.log sh -c 'exec 2>&1; exec "$@"' sh p11tool --provider "$module" --test-sign "$token;object=$key;type=private"
    same 'verifies both ways' "$(grep -c 'Verifying.*ok' sign.log)" 2
  done
  # It takes SHA-256 unless told otherwise; Ed25519 has SHA-512 in it.
  refuse 'p11tool --test-sign with alice-ed' 'No supported signature algorithm' tool --test-sign "$token;object=alice-ed;type=private"
  check 'p11tool --test-sign with alice-ed and SHA-512' tool --test-sign --hash SHA512 "$token;object=alice-ed;type=private"
  refuse "a key of bob's" 'error|Error|Cannot|requested data' tool --test-sign "$token;object=bob-rsa;type=private"
else
  skip 'GnuTLS: p11tool is not installed (Debian package gnutls-bin)'
fi

# --- Java ----------------------------------------------------------------------------------------------------

if lab_sanitized; then
  skip 'Java: its virtual machine and the sanitizers do not go together'
elif command -v keytool >/dev/null; then
  printf 'name = Signet\nlibrary = %s\nslotListIndex = 0\n' "$module" >java.cfg
  java=(-keystore NONE -storetype PKCS11 -providerClass sun.security.pkcs11.SunPKCS11 -providerArg java.cfg -storepass none)
  check 'keytool -list' to entries keytool -list "${java[@]}"
  same 'finds the keys that have certificates' "$(grep -o '^alice-[a-z]*' entries | sort | xargs)" 'alice-ec alice-rsa'
  for key in alice-rsa alice-ec; do
    check "keytool -certreq with $key" keytool -certreq -alias "$key" "${java[@]}" -file request.pem
    check 'openssl accepts it' openssl req -in request.pem -verify -noout
    same 'for this key' "$(openssl req -in request.pem -noout -pubkey)" "$(cat "$LAB/keys/$key.pem")"
  done
else
  skip 'Java: keytool is not installed (Debian package openjdk-17-jre-headless)'
fi
check_done
