#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Keys, certificates and chains on a token as OpenSC's and GnuTLS's tools show them through signet-pkcs11.so, compared with the originals by
# openssl; and what a host sees when policy, keys or signetd itself come and go.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"
# The programs are not ours: pkcs11-tool 0.23 leaks and uses what it freed, which a sanitizer does not let pass. module.sh has the module under sanitizers.
lab_sanitized && skip_all 'OpenSC and GnuTLS are not built with sanitizers'

lab_begin module-objects
lab_demo_token
# pkcs11-tool does not read the public halves of these, so they come from files.
openssl genpkey -algorithm EC -pkeyopt group:P-384 -out "$LAB/keys/alice-p384.key"
openssl genpkey -algorithm ED25519 -out "$LAB/keys/alice-ed2.key"
for key in alice-p384:05 alice-ed2:06; do
  name=${key%:*}
  openssl pkey -in "$LAB/keys/$name.key" -pubout -out "$LAB/keys/$name.pem"
  lab_quietly softhsm2-util --import "$LAB/keys/$name.key" --token demo --label "$name" --id "${key#*:}" --pin "$lab_pin"
done
# The issuer lies on the token, too, and so hosts see it as part of the chain.
openssl x509 -in "$LAB/certificates/ca.pem" -outform DER -out "$LAB/certificates/ca.der"
lab_pkcs11 demo --write-object "$LAB/certificates/ca.der" --type cert --id 77 --label issuer
# Two keys of one CKA_ID.
lab_key demo alice-twin1 98 EC:prime256v1
lab_key demo alice-twin2 99 EC:prime256v1
lab_pkcs11 demo --set-id 98 --type privkey --id 99
lab_pkcs11 demo --set-id 98 --type pubkey --id 99
lab_bus
lab_config
lab_config_token demo

# rules KEYS: who calls may use these for mail.
rules() {
  lab_config_policy <<END
alice-keys: {
    user      = "$LAB_USER"
    key       = "pkcs11:token=demo;object=$1"
    operation = ["sign", "decrypt"]
    purpose   = ["smime", "cms"]
    effect    = "allow"
}
END
}
rules 'alice-*'
lab_signetd demo=ready
mkdir -m 1777 "$LAB/work"
cd "$LAB/work"

module=$LAB/lib/signet-pkcs11.so
tool() {
  pkcs11-tool --module "$module" "$@"
}
gnutls() {
  p11tool --provider "$module" "$@" 2>gnutls.log
}

# count PATTERN FILE: matching lines.
count() {
  grep -cE -- "$1" "$2" || true
}

# --- what there is -------------------------------------------------------------------------------------------

tool --list-objects >objects 2>tool.log
same 'seven private keys' "$(count '^Private Key Object' objects)" 7
same 'seven public keys' "$(count '^Public Key Object' objects)" 7
same 'two certificates and their issuer' "$(count '^Certificate Object' objects)" 3
same "none of bob's" "$(count bob objects)" 0
gnutls --list-all >gnutls.list
same 'GnuTLS sees as many' "$(count '^Object' gnutls.list)" 17
same 'and knows the kind of each' "$(count '[Uu]nknown|[Ii]nvalid' gnutls.list)" 0
same 'EdDSA keys, too' "$(count 'Private key \(EdDSA \(Ed25519\)\)' gnutls.list)" 2
same 'no key asks for a login or may be taken out' "$(count 'CKA_PRIVATE|CKA_EXTRACTABLE' gnutls.list)" 0

# labels KIND: a line "label id" for each object of this kind.
labels() {
  awk -v kind="$1" '/^[A-Z]/ { on = index($0, kind) == 1 } on && /^ *label:/ { label = $2 } on && /^ *ID:/ { print label, $2 }' objects
}
same "keys are listed by label, with the token's ids" "$(labels 'Private Key' | grep -v twin)" 'alice-ec 02
alice-ed 03
alice-ed2 06
alice-p384 05
alice-rsa 01'
same 'public keys likewise' "$(labels 'Public Key')" "$(labels 'Private Key')"
same "the users' certificates come before their issuer" "$(labels Certificate | cut -d ' ' -f 1 | tr '\n' ' ')" 'alice-ec alice-rsa Signet '
same "keys that share an id have their public keys' SHA-256 instead" "$(labels 'Private Key' | sed -n 's/alice-twin. //p')" \
  "$(for key in alice-twin1 alice-twin2; do openssl pkey -pubin -in "$LAB/keys/$key.pem" -outform DER | sha256sum | cut -c 1-64; done)"

# --- the same as the originals -------------------------------------------------------------------------------

for key in alice-rsa:01 alice-ec:02; do
  name=${key%:*}
  tool --read-object --type cert --id "${key#*:}" --output-file certificate.der 2>tool.log
  check "$name: the certificate is the original" cmp certificate.der "$LAB/certificates/$name.der"
  gnutls --export "pkcs11:token=demo;object=$name;type=cert" >certificate.pem
  openssl x509 -in certificate.pem -outform DER -out certificate.der
  check "$name: GnuTLS exports the same" cmp certificate.der "$LAB/certificates/$name.der"
  check "$name: openssl verifies it" openssl verify -CAfile "$LAB/certificates/ca.pem" -purpose smimesign certificate.pem
done
gnutls --export 'pkcs11:token=demo;object=Signet%20demo%20CA;type=cert' >certificate.pem
same 'the issuer has its own name as a label, and is the original' "$(openssl x509 -in certificate.pem)" "$(openssl x509 -in "$LAB/certificates/ca.pem")"
same 'whether it is to be trusted is not for signetd to say' "$(gnutls --list-all-trusted | grep -c '^Object' || true)" 0
for key in alice-rsa:01 alice-ec:02; do
  name=${key%:*}
  tool --read-object --type pubkey --id "${key#*:}" --output-file public.der 2>tool.log
  same "$name: the public key is the original" "$(openssl pkey -pubin -inform DER -in public.der)" "$(cat "$LAB/keys/$name.pem")"
done
for name in alice-rsa alice-ec alice-p384 alice-ed2; do
  gnutls --export "pkcs11:token=demo;object=$name;type=public" >public.pem
  same "$name: GnuTLS reads the same" "$(openssl pkey -pubin -in public.pem)" "$(cat "$LAB/keys/$name.pem")"
done
gnutls --export-pubkey 'pkcs11:token=demo;object=alice-p384;type=private' >public.pem # p11tool wonders for three seconds why there is no login
same 'and finds it by the private key' "$(openssl pkey -pubin -in public.pem)" "$(cat "$LAB/keys/alice-p384.pem")"

# --- what is not to be done ----------------------------------------------------------------------------------

refuse 'nothing is written to the token' 'CKR_TOKEN_WRITE_PROTECTED' tool --write-object "$LAB/certificates/alice-rsa.der" --type cert --id 55
refuse 'nothing is deleted from it' 'CKR_TOKEN_WRITE_PROTECTED' tool --delete-object --type cert --id 01
refuse 'no id is changed' 'C_SetAttributeValue failed: .*(CKR_ACTION_PROHIBITED|0x1b)' tool --set-id 44 --type cert --id 01
same 'all is as it was' "$(tool --list-objects 2>tool.log)" "$(cat objects)"

# --- coming and going ----------------------------------------------------------------------------------------

rules alice-rsa
lab_quietly signetctl policy reload
tool --list-objects >objects 2>tool.log
same 'after a reload of the policy there is one key' "$(count '^Private Key Object' objects)" 1
if lab_has_users; then
  lab_as carol pkcs11-tool --module "$module" --list-slots >slots 2>&1 || true
  same 'carol has no slot' "$(count '^Slot' slots)" 0
else
  skip 'another user: only root can become one'
fi

# nothing WHAT: there is no slot, and the host does not wait to learn so.
nothing() {
  local start took
  start=$(date +%s%N)
  tool --list-slots >slots 2>&1 || true
  took=$((($(date +%s%N) - start) / 1000000))
  same "$1: no slot" "$(count '^Slot' slots)" 0
  check "$1: no delay ($took ms)" test "$took" -lt 1000
}
lab_stop signetd
nothing 'without signetd'
lab_stop bus
nothing 'without a bus'
check_done
