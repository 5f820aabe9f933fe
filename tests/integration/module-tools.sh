#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# signet-pkcs11.so in OpenSC's and GnuTLS's tools: what slots there are for whom, tokens that are ready and one that waits for a PIN.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"
# The programs are not ours: pkcs11-tool 0.23 leaks and uses what it freed, which a sanitizer does not let pass. module.sh has the module under sanitizers.
lab_sanitized && skip_all 'OpenSC and GnuTLS are not built with sanitizers'

lab_begin module-tools
pin=73915
lab_demo_token
lab_key demo tool-rsa 11 rsa:2048
lab_quietly softhsm2-util --init-token --free --label safe --so-pin "$lab_so_pin" --pin "$pin"
lab_quietly pkcs11-tool --module "$LAB_MODULE" --token-label safe --login --pin "$pin" --keypairgen --key-type EC:prime256v1 --id 01 \
  --label kept --usage-sign
lab_bus
lab_config
lab_config_token demo
lab_config_token safe
sed -i /pin-file/d "$LAB_CONFIG/tokens.d/safe.conf"
rm "$LAB_CONFIG/safe.pin"
lab_config_policy <<END
tools: {
    user      = "$LAB_USER"
    key       = ["pkcs11:token=demo;object=tool-*", "pkcs11:token=safe"]
    operation = "sign"
    purpose   = "digest"
    effect    = "allow"
}
open: {
    user      = "$LAB_USER"
    key       = "pkcs11:token=safe"
    operation = "unlock"
    effect    = "allow"
}
look: {
    user      = "bob"
    key       = "pkcs11:token=safe"
    operation = "sign"
    purpose   = "digest"
    effect    = "allow"
}
END
lab_signetd demo=ready safe=locked
mkdir -m 1777 "$LAB/work"
cd "$LAB/work"

module=$LAB/lib/signet-pkcs11.so
tool() {
  pkcs11-tool --module "$module" "$@"
}
printf 'some words' >words

# sign TOKEN ID OPTION...: the words.
sign() {
  local token=$1 id=$2
  shift 2
  rm -f signature
  tool --token-label "$token" --sign --id "$id" --input-file words --output-file signature "$@"
}

# --- slots ---------------------------------------------------------------------------------------------------

check 'pkcs11-tool lists slots' to slots tool -L
same 'one for each token' "$(sed -n 's/^Slot .*: //p' slots | sort | xargs)" 'Signet demo Signet safe'
same 'under their own labels' "$(sed -n 's/^ *token label *: //p' slots | sort | xargs)" 'demo safe'
same 'and only the locked one wants a PIN' "$(grep -c 'login required' slots)" 1
check 'pkcs11-tool lists tokens' tool -T
check 'p11tool lists tokens' to tokens p11tool --provider "$module" --list-token-urls
same 'by URI' "$(grep -o 'token=[a-z]*' tokens | sort | xargs)" 'token=demo token=safe'
check 'pkcs11-tool lists mechanisms' to mechanisms tool --token-label demo -M
for mechanism in RSA-PKCS SHA256-RSA-PKCS RSA-PKCS-PSS RSA-PKCS-OAEP ECDSA ECDH1-DERIVE EDDSA; do
  check "$mechanism is among them" grep -qE "^ *$mechanism," mechanisms
done
check 'the tool takes the interface 3.0' to info tool -I
check 'as it says' grep -q '^Cryptoki version 3.0' info

refuse 'no bus, no slots, at once' '^No slots' env DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent timeout 2 pkcs11-tool --module "$module" -L
if lab_has_users; then
  refuse 'a user without a rule sees no slots' '^No slots' lab_as carol pkcs11-tool --module "$module" -L
  check 'one with a rule sees some' to bob lab_as bob pkcs11-tool --module "$module" -L
  same 'his' "$(sed -n 's/^Slot .*: //p' bob)" 'Signet safe'
  same 'of which no PIN is wanted, as he may not unlock it' "$(grep -c 'login required' bob)" 0
else
  skip 'other users: only root can become one'
fi

# --- logins --------------------------------------------------------------------------------------------------

for login in '' '--login --pin 0000' '--login --pin anything'; do
  # shellcheck disable=SC2086 # words
  check "a token that is ready signs with: ${login:-no login}" sign demo 11 -m SHA256-RSA-PKCS $login
  check 'openssl accepts it' openssl dgst -sha256 -verify "$LAB/keys/tool-rsa.pem" -signature signature words
done
refuse 'for a locked one the tool asks for a PIN' 'enter User PIN' sign safe 01 -m ECDSA-SHA256
refuse 'a wrong PIN is wrong' 'CKR_PIN_INCORRECT' sign safe 01 -m ECDSA-SHA256 --login --pin 11111
if lab_has_users; then
  sign_as_bob() {
    lab_as bob pkcs11-tool --module "$module" --token-label safe --sign --id 01 -m ECDSA-SHA256 --input-file words --output-file bob.signature "$@"
  }
  refuse 'whom no rule lets unlock it cannot sign' CKR_USER_NOT_LOGGED_IN sign_as_bob
  refuse 'nor use the right PIN' CKR_FUNCTION_FAILED sign_as_bob --login --pin "$pin"
fi
check 'its public key is there all the same' tool --token-label safe --read-object --type pubkey --id 01 --output-file public.der
openssl pkey -pubin -inform DER -in public.der -out public.pem
check 'with the right PIN it signs, in the same process' sign safe 01 -m ECDSA-SHA256 --login --pin "$pin" --signature-format openssl
check 'openssl accepts it' openssl dgst -sha256 -verify public.pem -signature signature words
check 'from then on it needs none' sign safe 01 -m ECDSA-SHA256
tool -L >slots
same 'and wants none' "$(grep -c 'login required' slots)" 0
check 'locked again' signetctl lock safe
refuse 'it does' 'enter User PIN' sign safe 01 -m ECDSA-SHA256

# --- words for a person --------------------------------------------------------------------------------------

SIGNET_PKCS11_DEBUG=1 sign safe 01 -m ECDSA-SHA256 --login --pin 11111 >debug 2>&1 || true
check 'on request it says why' grep -q '^signet-pkcs11: C_Login: .*PIN' debug
sign safe 01 -m ECDSA-SHA256 --login --pin 11111 >debug 2>&1 || true
same 'and else it says nothing' "$(grep -c signet-pkcs11: debug)" 0

lab_stop signetd
same 'the PIN stands in no log, audit or configuration' "$(grep -r -e "$pin" "$LAB/log" "$LAB/audit" "$LAB_CONFIG")" ''
refuse 'without signetd there are no slots, at once' '^No slots' timeout 2 pkcs11-tool --module "$module" -L
check_done
