#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What programs ask of signet-pkcs11.so and what they are told, traced by OpenSC's pkcs11-spy: no return value that the program does not expect, no more
# calls than it needs, and few round trips to signetd. Every client's own script does the work; this one watches a short piece of it.
set -eu
# shellcheck source=tests/clients/clients.sh
. "$SIGNET_SOURCE/tests/clients/clients.sh"
client_needs pkcs11-tool:opensc dbus-monitor:dbus-bin
spy=$(find /usr/lib -name pkcs11-spy.so -print -quit)
[ -n "$spy" ] || skip_all 'pkcs11-spy.so is not installed (Debian package opensc-pkcs11)'
lab_sanitized && skip_all 'pkcs11-spy is not instrumented'

lab_begin client-trace
lab_demo "$LAB_USER"
cd "$LAB/work"
module=$LAB/lib/signet-pkcs11.so
spied=$module
uri='pkcs11:token=demo;object=alice-rsa'
printf 'some words' >words
openssl cms -encrypt -aes256 -in words -out encrypted.eml "$LAB/certificates/alice-rsa.pem"

# traced NAME [RULE...] -- COMMAND...: runs it on the spy, and looks at the log with spy.py.
traced() {
  local name=$1 rules=()
  shift
  while [ "$1" != -- ]; do
    rules+=("$1")
    shift
  done
  shift
  rm -f "$LAB/log/spy"
  check "$name works on the spy" env PKCS11SPY="$spied" PKCS11SPY_OUTPUT="$LAB/log/spy" "$@"
  check "$name: what it was told" "$SIGNET_SOURCE/tests/clients/spy.py" "$LAB/log/spy" "${rules[@]}"
}

# Calls of signetd over the bus, and uses of keys, which signetd counts wherever they come from: a channel is not seen on the bus.
lab_start monitor "$LAB_USER" stdbuf -oL dbus-monitor --address "$DBUS_SYSTEM_BUS_ADDRESS" --profile
round_trips() {
  local uses
  uses=$(signetctl status --json | sed -n 's/^ *"done": *\([0-9]*\),*/\1/p')
  printf '%d\n' $(($(grep "^mc.*$lab_name" "$LAB/log/monitor" | grep -cv "$lab_name.Key" || true) + uses))
}

# bounded NAME NUMBER COMMAND...: with the module itself, and at most as many round trips. What counting costs by itself is taken off.
bounded() {
  local name=$1 most=$2 before after cost
  shift 2
  before=$(round_trips)
  sleep 0.1
  cost=$(($(round_trips) - before))
  before=$((before + cost))
  check "$name works on the module" "$@"
  sleep 0.1
  after=$(($(round_trips) - cost))
  if [ $((after - before)) -le "$most" ] && [ $((after - before)) -gt 0 ]; then
    printf 'ok: %s: %d round trips to signetd, of %d allowed\n' "$name" $((after - before)) "$most"
  else
    check_failed "$name: $((after - before)) round trips to signetd, of $most allowed" "$(tail -n 40 "$LAB/log/monitor")"
  fi
}

# --- OpenSC --------------------------------------------------------------------------------------------------

sign_by_opensc() {
  pkcs11-tool --module "$1" --sign --id 01 -m SHA256-RSA-PKCS --input-file words --output-file signature
}
traced pkcs11-tool 'all<=30' 'C_Sign>=1' 'C_SignInit<=1' 'C_FindObjectsInit<=3' -- \
  pkcs11-tool --module "$spy" --sign --id 01 -m SHA256-RSA-PKCS --input-file words --output-file signature
bounded 'start and one signature by pkcs11-tool' 20 sign_by_opensc "$module"
# Keys of other kinds have attributes of other kinds, and the tool asks all of them for what it can show.
traced 'pkcs11-tool -O' 'all<=200' C_GetAttributeValue=CKR_ATTRIBUTE_TYPE_INVALID,CKR_ATTRIBUTE_SENSITIVE -- pkcs11-tool --module "$spy" -O

# --- GnuTLS --------------------------------------------------------------------------------------------------

if command -v p11tool >/dev/null; then
  # It asks every object for every attribute that it can show: CKA_UNWRAP of certificates, CKA_VALUE of private keys.
  traced 'p11tool --list-all' 'all<=400' C_GetAttributeValue=CKR_ATTRIBUTE_TYPE_INVALID,CKR_ATTRIBUTE_SENSITIVE -- \
    p11tool --provider "$spy" --list-all pkcs11:token=demo
  traced 'p11tool --test-sign' 'all<=80' 'C_Sign>=1' C_GetAttributeValue=CKR_ATTRIBUTE_TYPE_INVALID -- \
    p11tool --provider "$spy" --test-sign "$uri;type=private"
  bounded 'start and one signature by p11tool' 20 p11tool --provider "$module" --test-sign "$uri;type=private"
else
  skip 'GnuTLS: p11tool is not installed (Debian package gnutls-bin)'
fi

# --- NSS -----------------------------------------------------------------------------------------------------

if command -v cmsutil >/dev/null; then
  nss_database() {
    mkdir -p "$1"
    lab_quietly certutil -N -d "sql:$1" --empty-password
    lab_quietly env PKCS11SPY="$spied" modutil -dbdir "sql:$1" -force -add signet -libfile "$2"
    lab_quietly certutil -A -d "sql:$1" -n ca -t CT,C,C -i "$LAB/certificates/ca.pem"
  }
  spied=$SIGNET_BUILD/tests/module/only-2-40.so # says why
  export ONLY_2_40=$module
  nss_database traced "$spy"
  nss_database plain "$module"
  # NSS first asks for an interface that bears forks, and seeds every generator that it finds.
  nss=('all<=200' 'C_FindObjectsInit<=30' "C_GetInterface=CKR_ARGUMENTS_BAD" "C_SeedRandom=CKR_RANDOM_SEED_NOT_SUPPORTED")
  traced 'cmsutil -S' "${nss[@]}" 'C_Sign>=1' -- cmsutil -S -d sql:traced -N demo:alice-rsa -i words -o signed.cms
  bounded 'start and one signature by cmsutil' 20 cmsutil -S -d sql:plain -N demo:alice-rsa -i words -o signed.cms
  check 'openssl accepts it' openssl cms -verify -inform DER -in signed.cms -CAfile "$LAB/certificates/ca.pem" -out verified
  openssl cms -cmsout -in encrypted.eml -outform DER -out encrypted.cms
  traced 'cmsutil -D' "${nss[@]}" 'C_Decrypt>=1' -- cmsutil -D -d sql:traced -i encrypted.cms -o decrypted
  bounded 'start and one decryption by cmsutil' 20 cmsutil -D -d sql:plain -i encrypted.cms -o decrypted
  check 'it is what was encrypted' grep -q 'some words' decrypted
else
  skip 'NSS: cmsutil is not installed (Debian package libnss3-tools)'
fi

spied=$module

# --- OpenSSH -------------------------------------------------------------------------------------------------

if command -v ssh-keygen >/dev/null; then
  # It knows RSA and ECDSA, and asks whatever else there is for the attributes of those.
  traced 'ssh-keygen -D' 'all<=150' C_GetAttributeValue=CKR_ATTRIBUTE_TYPE_INVALID -- ssh-keygen -D "$spy"
  bounded 'start and a list of keys by ssh-keygen' 20 ssh-keygen -D "$module"
fi

# A rule that is broken is seen.
refuse 'a bound that is passed' 'more than 1' "$SIGNET_SOURCE/tests/clients/spy.py" "$LAB/log/spy" 'all<=1'
refuse 'a log that ends too early' 'does not end' "$SIGNET_SOURCE/tests/clients/spy.py" words
check_done
