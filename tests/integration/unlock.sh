#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Tokens that get their PIN from a person: locked at the start, unlocked by those who may, with the right PIN and with wrong ones, locked again.
# The PIN passes through signetd unread, and stands nowhere afterwards.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

lab_has_users || skip_all 'needs root, to become other users'
lab_begin unlock
pin=73915
lab_store
lab_quietly softhsm2-util --init-token --free --label safe --so-pin "$lab_so_pin" --pin "$pin"
lab_quietly pkcs11-tool --module "$LAB_MODULE" --token-label safe --login --pin "$pin" --keypairgen --key-type EC:prime256v1 --id 01 \
  --label key --usage-sign
lab_bus
lab_config
lab_config_token safe
sed -i /pin-file/d "$LAB_CONFIG/tokens.d/safe.conf"
rm "$LAB_CONFIG/safe.pin"
lab_config_policy <<'END'
use: {
    user      = ["alice", "bob"]
    key       = "pkcs11:token=safe"
    operation = "sign"
    purpose   = "digest"
    effect    = "allow"
}
open: {
    user      = "alice"
    key       = "pkcs11:token=safe"
    operation = "unlock"
    effect    = "allow"
}
END
lab_signetd safe=locked

sign() {
  lab_as "$1" signetctl sign --key pkcs11:object=key --in "$SIGNET_SOURCE/LICENSE" --base64
}

# unlock USER PIN: types it into signetctl.
unlock() {
  printf '%s\n' "$2" | lab_as "$1" signetctl unlock safe
}

# state USER FIELD: what the user sees of the token.
state() {
  lab_as "$1" signetctl tokens safe --json | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["tokens"][0][sys.argv[1]])' "$2"
}

# bus_refuses USER: a call without signetctl's own look at MayUnlock before it.
bus_refuses() {
  ! lab_as "$1" busctl --system call "$lab_name" "/org/signetd/Signet1/token/safe" "$lab_name.Token" Lock >"$LAB/refused" 2>&1 &&
    grep -q 'policy does not let you' "$LAB/refused"
}

# killed: all workers are killed; the supervisor stays.
killed() {
  pkill -KILL -P "$(pgrep -o -f "signet-worker --config $LAB_CONFIG/tokens.d/safe.conf")"
}

same 'the token is locked' "$(state alice state)" locked
same 'its key is there all the same' "$(key_field label lab_as alice)" key
refuse 'and says what is missing' 'signetctl unlock safe' sign alice

refuse 'a wrong PIN is wrong' 'PIN' unlock alice 11111
refuse 'an empty one, too' '.' unlock alice ''
refuse 'one that never ends, too' '.' lab_as alice sh -c 'yes 1 | tr -d "\n" | head -c 100000 | signetctl unlock safe'
same 'the token stays locked' "$(state alice state)" locked
refuse 'bob may not unlock' 'may not unlock' unlock bob "$pin"
refuse 'for carol it is not there' 'no token that you may see' unlock carol "$pin"
refuse 'nor for her to lock' 'no token that you may see' lab_as carol signetctl lock safe
same 'nobody got in' "$(state alice state)" locked

check 'alice may, with the right PIN' unlock alice "$pin"
same 'then it is ready' "$(state alice state)" ready
check 'she can sign' sign alice
check 'so can bob' sign bob
check 'unlocking again changes nothing' unlock alice "$pin"
check 'nor when he asks on the bus himself' bus_refuses bob
refuse 'bob may not lock it' 'policy does not let you' lab_as bob signetctl lock safe
check 'and still sign' sign bob

check 'workers that die' killed
check 'come back with the PIN' lab_await safe=ready
check 'and sign' sign alice

check 'alice locks it' lab_as alice signetctl lock safe
same 'then it is locked' "$(state alice state)" locked
refuse 'nobody signs' 'locked' sign bob
check 'root may unlock' unlock root "$pin"
check 'alice can sign again' sign alice

same 'the audit tells who did' "$(/usr/bin/python3 -c 'import json, sys
for o in map(json.loads, open(sys.argv[1])):
    if o["operation"] in ("unlock", "lock"): print(o["user"], o["operation"], o["result"])' "$LAB/audit/audit.log" | grep -v 'InvalidInput\|PinIncorrect' | xargs)" \
  'alice unlock ok alice unlock ok bob lock NotAuthorized bob lock NotAuthorized alice lock ok root unlock ok'
lab_stop signetd
same 'the PIN stands in no log, audit or configuration' "$(grep -r -e "$pin" "$LAB/log" "$LAB/audit" "$LAB_CONFIG")" ''
check_done
