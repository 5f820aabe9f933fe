#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# libsignet on a real bus with a real signetd and SoftHSM: every function, judged by OpenSSL; the example of the documentation; signetd killed and
# started again, over and over, under threads that sign and notice nothing; a bus that is not there.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

use=$SIGNET_BUILD/tests/use-libsignet
loop=$SIGNET_BUILD/tests/sign-loop
example=$SIGNET_BUILD/tests/example-sign
[ -x "$use" ] || skip_all 'cmocka is missing; install libcmocka-dev'
lab_begin libsignet
lab_demo_token
lab_token vault
lab_key vault alice-vault 07 EC:prime256v1
lab_bus
lab_config
# One worker each: another might still log in when it is killed, and SoftHSM's store does not survive that.
lab_config_token demo 'workers = 1'
lab_config_token vault 'workers = 1'
sed -i '/^pin-file/d' "$LAB_CONFIG/tokens.d/vault.conf" # somebody has to unlock it
lab_demo_policy "$LAB_USER"
cat >>"$LAB_CONFIG/policy.d/lab.conf" <<END

vault: {
    user      = "$LAB_USER"
    key       = "pkcs11:token=vault"
    operation = "sign"
    purpose   = "digest"
    effect    = "allow"
}

vault-opener: {
    user      = "$LAB_USER"
    key       = "pkcs11:token=vault"
    operation = "unlock"
    effect    = "allow"
}
END
lab_signetd demo=ready vault=locked

check 'every function does what it says' "$use" "$lab_pin"

# --- the example of docs/LIBRARY.md --------------------------------------------------------------------------

cd "$LAB"
echo 'Sign this.' >text
openssl dgst -sha256 -binary text >digest
check 'the example signs' from digest to signature "$example" 'pkcs11:object=alice-rsa'
check 'openssl accepts it' openssl dgst -sha256 -verify keys/alice-rsa.pem -signature signature text
refuse 'the example says what is wrong' 'bob-rsa' from digest "$example" 'pkcs11:object=bob-rsa'

# --- signetd comes and goes ----------------------------------------------------------------------------------

coproc sign { exec "$loop" 'pkcs11:token=demo;object=alice-ec' 2>"$LAB/log/loop"; }
# shellcheck disable=SC2154 # coproc sets it
loop_pid=$sign_PID
for signal in KILL TERM KILL TERM; do
  echo >&"${sign[1]}"
  read -r -t "$lab_patience" _ <&"${sign[0]}" || check_failed 'signing goes on' "$(cat "$LAB/log/loop")"
  lab_stop signetd "$signal"
  lab_signetd demo=ready
done
echo >&"${sign[1]}"
read -r -t "$lab_patience" _ <&"${sign[0]}" || check_failed 'signing goes on' "$(cat "$LAB/log/loop")"
eval "exec ${sign[1]}>&-"
read -r -t "$lab_patience" count <&"${sign[0]}" || count='no answer'
status=0
wait "$loop_pid" || status=$?
same 'four restarts of signetd cost no signature' "$status $(cat "$LAB/log/loop")" '0 '
printf 'ok: %s\n' "$count"

# --- nobody there --------------------------------------------------------------------------------------------

lab_stop signetd
refuse 'without signetd there is a sentence' 'signetd is not on the bus' from digest "$example" 'pkcs11:object=alice-rsa'
DBUS_SYSTEM_BUS_ADDRESS=unix:path=$LAB/nowhere
refuse 'without a bus, too' 'cannot connect to the bus at .*nowhere' from digest "$example" 'pkcs11:object=alice-rsa'
check_done
