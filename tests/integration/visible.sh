#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Policy that changes while signetd runs: who hears of which key, that a bad policy changes nothing, that a request is decided anew when it has waited
# over a reload, that nothing is done for a caller who has left; and who may ask about whom.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

lab_has_users || skip_all 'needs root, to become other users'
command -v busctl >/dev/null || skip_all 'busctl is missing; install systemd'
lab_begin visible
lab_demo_token
lab_bus
lab_config
lab_config_token demo 'workers = 1'
faults=$LAB/faults
mkdir -m 1777 "$faults"
sed -i "s|^module.*|module = \"$LAB/bin/faulty-module.so\"\ninit-args = \"module=$LAB_MODULE control=$faults/demo log=$faults/demo.log\"|" \
  "$LAB_CONFIG/tokens.d/demo.conf"
cp "$SIGNET_BUILD/tests/lab/listen" "$SIGNET_BUILD/tests/faulty-module/faulty-module.so" "$LAB/bin"

# rule USER KEY [PURPOSES]: appended to the policy that is being written.
rule() {
  printf '%s: { user = "%s"; key = "pkcs11:token=demo;object=%s"; operation = ["sign", "decrypt"]; purpose = [%s]; effect = "allow"; }\n' \
    "${1//\*/all}-${2//\*/all}" "$1" "$2" "${3:-\"digest\", \"raw\"}"
}

# A group with more members than fit the room in which programs like to look groups up.
printf 'crowd:x:59999:%s,carol\n' "$(seq -s, -f 'member%05.0f' 3000)" >>"$LAB/group"

{ rule alice 'alice-*' && rule bob 'bob-*'; } | lab_config_policy
lab_signetd demo=ready
read -r ec _ rsa <<<"$(key_field id lab_as alice)"
bob=$(key_field id lab_as bob)
path=/org/signetd/Signet1/key

for user in alice bob carol; do
  lab_start "listen-$user" "$user" listen "$lab_name" /org/signetd/Signet1
done

# heard USER PATTERN: sooner or later.
heard() {
  local i
  for ((i = 0; i < 50 * lab_patience; i++)); do
    ! grep -qE "$2" "$LAB/log/listen-$1" || return 0
    sleep 0.02
  done
  cat "$LAB/log/listen-$1"
  return 1
}

# keys_heard USER: what was heard of keys since the last time, with ids by their names.
keys_heard() {
  sed -e "s/$rsa/RSA/g;s/$ec/EC/g;s/$bob/BOB/g" "$LAB/log/listen-$1" | grep "$path" | sed "s,$path/,," | cut -d' ' -f1-2 | sort -u | xargs
  : >"$LAB/log/listen-$1"
}

# tokens_heard USER: the same of tokens, to be asked first.
tokens_heard() {
  sed -n "s,^\([A-Za-z]*\) /org/signetd/Signet1/token/\([a-z]*\).*,\1 \2,p" "$LAB/log/listen-$1" | sort -u | xargs
}

# reload GENERATION: the policy is read again, and everybody has heard so: signals keep their order.
reload() {
  signetctl policy reload >/dev/null
  for user in alice bob carol; do
    heard "$user" 'PropertiesChanged /org/signetd/Signet1 PolicyGeneration' || lab_fail "$user hears nothing"
  done
}

for user in alice bob carol; do
  heard "$user" listening
  : >"$LAB/log/listen-$user"
done

# --- who hears what ------------------------------------------------------------------------------------------

{ rule alice 'alice-*' && rule bob 'bob-*' && rule carol alice-rsa; } | lab_config_policy
reload
same 'who may use a key now hears that its token is there' "$(tokens_heard carol)" 'InterfacesAdded demo'
same 'those who saw the token hear nothing of it' "$(tokens_heard alice)$(tokens_heard bob)" ''
same 'who may use a key now hears that it is there' "$(keys_heard carol)" 'InterfacesAdded RSA'
same 'who could before hears nothing' "$(keys_heard alice)" ''
same 'who cannot, neither' "$(keys_heard bob)" ''
same 'and it is there' "$(key_field label lab_as carol)" alice-rsa

{ rule alice 'alice-*' '"digest", "cms"' && rule bob 'bob-*' && rule carol alice-rsa; } | lab_config_policy
reload
check 'who may do other things with a key hears what' grep -qE "PropertiesChanged $path/$rsa .*Operations" "$LAB/log/listen-alice"
same 'of those keys that it concerns' "$(keys_heard alice)" 'PropertiesChanged EC PropertiesChanged RSA'
same 'others hear nothing' "$(keys_heard bob)$(keys_heard carol)" ''

{ rule alice 'alice-*' && rule bob 'bob-*'; } | lab_config_policy
reload
same 'who sees no key on a token any more hears that it is gone' "$(tokens_heard carol)" 'InterfacesRemoved demo'
same 'who may no longer use a key hears that it is gone' "$(keys_heard carol)" 'InterfacesRemoved RSA'
same 'and it is' "$(key_field label lab_as carol)" ''
keys_heard alice >/dev/null

# --- tokens --------------------------------------------------------------------------------------------------

unlocker() {
  printf 'open-%s: { user = "%s"; key = "pkcs11:token=demo"; operation = "unlock"; effect = "allow"; }\n' "$1" "$1"
}

# kill_worker: another one lists what is on the token now.
kill_worker() {
  pkill -KILL -P "$(pgrep -o -f "signet-worker --config $LAB_CONFIG/tokens.d/demo.conf")"
}

forget() {
  local user
  for user in alice bob carol; do
    : >"$LAB/log/listen-$user"
  done
}

{ rule alice 'alice-*' && rule bob 'bob-*' && unlocker alice && unlocker carol; } | lab_config_policy
reload
check 'who may unlock a token now hears so' grep -q 'PropertiesChanged /org/signetd/Signet1/token/demo .*MayUnlock' "$LAB/log/listen-alice"
same 'it was there before' "$(tokens_heard alice)" 'PropertiesChanged demo'
same 'who may do nothing else hears that it is there' "$(tokens_heard carol)" 'InterfacesAdded demo'
same 'others hear nothing' "$(tokens_heard bob)" ''
forget
{ rule alice 'alice-*' && rule bob 'bob-*' && rule carol 'carol-*'; } | lab_config_policy
reload
same 'who may no longer unlock it hears so' "$(tokens_heard alice)" 'PropertiesChanged demo'
same 'who could nothing else hears that it is gone' "$(tokens_heard carol)" 'InterfacesRemoved demo'
forget

lab_key demo carol-ec 09 EC:prime256v1
lab_own "$LAB/softhsm"
kill_worker
check 'whose first key comes to a token' heard carol "InterfacesAdded $path/"
check 'hears that the token is there' heard carol 'InterfacesAdded /org/signetd/Signet1/token/demo'
lab_await demo=ready
same 'others hear of no key' "$(keys_heard alice)$(keys_heard bob)" ''
forget
lab_pkcs11 demo --delete-object --type privkey --id 09
lab_pkcs11 demo --delete-object --type pubkey --id 09
lab_own "$LAB/softhsm"
kill_worker
check 'whose last key goes from a token' heard carol "InterfacesRemoved $path/"
check 'hears that the token is gone' heard carol 'InterfacesRemoved /org/signetd/Signet1/token/demo'
lab_await demo=ready
forget

# --- groups --------------------------------------------------------------------------------------------------

{ rule '*' 'alice-*' && echo 'none: { group = "crowd"; effect = "deny"; }'; } | lab_config_policy
reload
same 'a group of thousands is a group' "$(key_field label lab_as carol)" ''
same 'for its members alone' "$(key_field label lab_as bob)" 'alice-ec alice-ed alice-rsa'
{ rule alice 'alice-*' && rule bob 'bob-*'; } | lab_config_policy
reload
for user in alice bob carol; do
  keys_heard "$user" >/dev/null
done

# --- a policy with mistakes changes nothing ------------------------------------------------------------------

generation() {
  busctl --system get-property "$lab_name" /org/signetd/Signet1 "$lab_name.Manager" PolicyGeneration
}
before=$(generation)
printf 'one: { usr = "*"; effect = "allow"; }\ntwo: { user = "*"; effect = "alow"; }\n' | lab_config_policy
refuse 'a bad policy is refused, with every mistake' 'lab.conf:1.*usr.*lab.conf:2.*alow' signetctl policy reload
same 'the old one stays in force' "$(generation) $(key_field label lab_as alice)" "$before alice-ec alice-ed alice-rsa"
same 'nobody hears anything' "$(keys_heard alice)$(keys_heard bob)$(keys_heard carol)" ''
{ rule alice 'alice-*' && rule bob 'bob-*'; } | lab_config_policy
refuse 'a user may not reload' 'only root' lab_as alice signetctl policy reload

# --- decided anew --------------------------------------------------------------------------------------------

# calls COUNT: waits until the token was asked to sign more often than that.
calls() {
  local i
  for ((i = 0; i < 50 * lab_patience; i++)); do
    [ "$(grep -c ' C_Sign$' "$faults/demo.log")" -le "$1" ] || return 0
    sleep 0.02
  done
  lab_fail 'the token was not asked to sign'
}

# pending COUNT: waits until so many requests wait or run.
pending() {
  local i
  for ((i = 0; i < 50 * lab_patience; i++)); do
    [ "$(busctl --system get-property "$lab_name" /org/signetd/Signet1 "$lab_name.Manager" Pending)" != "u $1" ] || return 0
    sleep 0.02
  done
  return 1
}

# sign FILE: alice signs it in the background.
sign() {
  lab_become alice
  "${lab_become[@]}" signetctl sign --key pkcs11:object=alice-ec --in "$SIGNET_SOURCE/LICENSE" --base64 >"$1" 2>&1 </dev/null &
}

echo 'C_Sign delay 1500' >"$faults/demo"
made=$(grep -c ' C_Sign$' "$faults/demo.log" || true)
sign "$LAB/first"
first=$!
calls "$made"
sign "$LAB/second"
second=$!
pending 2
rule bob 'bob-*' | lab_config_policy
signetctl policy reload >/dev/null
status=0
wait "$first" || status=$?
same 'what the token has already is done' "$status" 0
status=0
wait "$second" || status=$?
check 'what waited over the reload is decided anew' grep -q 'policy does not allow' "$LAB/second"
same 'the token did not see it' "$(grep -c ' C_Sign$' "$faults/demo.log")" "$((made + 1))"

# --- a caller who leaves -------------------------------------------------------------------------------------

{ rule alice 'alice-*' && rule bob 'bob-*'; } | lab_config_policy
signetctl policy reload >/dev/null
made=$(grep -c ' C_Sign$' "$faults/demo.log")
sign "$LAB/first"
first=$!
calls "$made"
sign "$LAB/second"
second=$!
pending 2
kill -KILL "$second"
wait "$second" 2>/dev/null || true
check 'the request of a caller who has left is dropped' pending 1
wait "$first"
check 'and nothing is left' pending 0
same 'the token did not see it' "$(grep -c ' C_Sign$' "$faults/demo.log")" "$((made + 1))"
: >"$faults/demo"

# --- explain -------------------------------------------------------------------------------------------------

# explain USER FACT VALUE...: what USER is told, asking with these facts.
explain() {
  local user=$1 facts=()
  shift
  while [ $# -gt 0 ]; do
    facts+=("$1" s "$2")
    shift 2
  done
  lab_as "$user" busctl --system call "$lab_name" /org/signetd/Signet1 "$lab_name.Manager" Explain 'a{sv}' \
    $((${#facts[@]} / 3)) "${facts[@]}"
}
mine=(key pkcs11:object=alice-rsa operation sign purpose digest)
check 'alice is told of her key' grep -q '"effect" s "allow" "rule" s "alice-alice-all"' <<<"$(explain alice "${mine[@]}")"
check 'and why not' grep -q '"effect" s "deny"' <<<"$(explain alice key pkcs11:object=alice-rsa operation sign purpose csr)"
check 'also about herself by name' grep -q '"effect" s "allow"' <<<"$(explain alice user alice "${mine[@]}")"
refuse 'but not about bob' 'only root' explain alice user bob "${mine[@]}"
refuse 'nor about herself in another unit' 'only root' explain alice unit other.service "${mine[@]}"
refuse 'nor about his key' 'no such key' explain alice key pkcs11:object=bob-rsa operation sign purpose digest
check 'root is told about anybody' grep -q '"effect" s "deny"' <<<"$(explain root user bob "${mine[@]}")"
check 'and anything' grep -q '"rule" s "bob-bob-all"' <<<"$(explain root user bob key pkcs11:object=bob-rsa operation sign purpose digest)"
refuse 'but not about users who are none' 'no user "nobody-here"' explain root user nobody-here "${mine[@]}"
refuse 'a name for several keys' 'fits 3 keys' explain alice key pkcs11:token=demo operation sign purpose digest

# --- attempts at keys that are hidden ------------------------------------------------------------------------

busctl --system call "$lab_name" "$path/$rsa" "$lab_name.Key" Sign 'saya{sv}' digest 0 0 >/dev/null 2>&1 || true
lab_as carol busctl --system call "$lab_name" "$path/$rsa" "$lab_name.Key" Decrypt 'saya{sv}' raw 0 0 >/dev/null 2>&1 || true
attempts=$(/usr/bin/python3 -c 'import json, sys
for o in map(json.loads, open(sys.argv[1])):
    if o["result"] == "NoSuchKey": print(o["user"], o["operation"], o["verdict"], o["key"] == sys.argv[2])' "$LAB/audit/audit.log" "$rsa" | xargs)
same 'they stand in the audit' "$attempts" 'root sign deny True carol decrypt deny True'
for user in alice bob carol; do
  lab_stop "listen-$user"
done
check_done
