#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Three real users on one bus: alice may use her keys, bob his, carol none. What one may not use does not exist for them: every way of asking for a
# hidden key gets, word for word, the answer that a key gets that was never there.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

lab_has_users || skip_all 'needs root, to become other users'
command -v busctl >/dev/null || skip_all 'busctl is missing; install systemd'
lab_begin users
lab_demo alice
cd "$LAB/work"
mail=$SIGNET_SOURCE/tests/lab/mail/mail.eml
uri='pkcs11:token=demo;object='

# --- what each sees ------------------------------------------------------------------------------------------

same 'alice sees her keys and no others' "$(key_field label lab_as alice)" 'alice-ec alice-ed alice-rsa'
same 'bob sees his' "$(key_field label lab_as bob)" 'bob-rsa'
same 'carol sees none' "$(key_field label lab_as carol)" ''
same 'root has no rule, and sees none' "$(key_field label)" ''

# --- what each may do ----------------------------------------------------------------------------------------

check 'alice signs her mail' from "$mail" to signed.eml lab_as alice signet-smime sign --from alice@example.org
check 'openssl accepts it' openssl cms -verify -in signed.eml -CAfile "$LAB/certificates/ca.pem" -out /dev/null
sed 's/alice@example.org/bob@example.org/' "$mail" >mail-bob.eml
check 'bob signs his' from mail-bob.eml to signed-bob.eml lab_as bob signet-smime sign --key "${uri}bob-rsa"
openssl cms -encrypt -aes256 -in "$mail" -out encrypted.eml "$LAB/certificates/alice-rsa.pem"
check 'alice decrypts hers' from encrypted.eml to decrypted.eml lab_as alice signet-smime decrypt
for user in bob carol root; do
  refuse "$user cannot sign as alice" 'alice@example.org' from "$mail" lab_as "$user" signet-smime sign --from alice@example.org
  refuse "$user cannot decrypt her mail" '.' from encrypted.eml lab_as "$user" signet-smime decrypt
  refuse "$user cannot sign with her Ed25519 key" 'alice-ed' from "$mail" lab_as "$user" signetctl sign --key "${uri}alice-ed"
done

# --- hidden and not there: one answer ------------------------------------------------------------------------

read -r hidden _ <<<"$(key_field id lab_as alice)"
nowhere=$(tr 0-9a-f 1-9a-f0 <<<"$hidden")

# answer USER WORD COMMAND...: status and all that is said, with WORD replaced, as the user hears it.
answer() {
  local user=$1 word=$2 status=0 output
  shift 2
  output=$(lab_as "$user" "$@" 2>&1) || status=$?
  printf '%s %s\n' "$status" "${output//"$word"/THAT}"
}

# indistinguishable USER DESCRIPTION COMMAND...: with HIDDEN in the command's words standing for the one key or the other.
indistinguishable() {
  local user=$1 description=$2 one other
  shift 2
  one=$(answer "$user" "$hidden" "${@//HIDDEN/"$hidden"}")
  other=$(answer "$user" "$nowhere" "${@//HIDDEN/"$nowhere"}")
  case "$one" in
    0*) [ "$description" = 'introspection' ] || check_failed "$user: $description is refused" "$one" ;;
  esac
  same "$user: $description tells nothing of a hidden key" "$one" "$other"
}

bus=(busctl --system)
key=org.signetd.Signet1.Key
path=/org/signetd/Signet1/key/HIDDEN
for user in bob carol; do
  indistinguishable "$user" 'Sign' "${bus[@]}" call "$lab_name" "$path" "$key" Sign 'saya{sv}' digest 1 0 0
  indistinguishable "$user" 'SignMany' "${bus[@]}" call "$lab_name" "$path" "$key" SignMany 'saaya{sv}' digest 1 1 0 0
  indistinguishable "$user" 'Decrypt' "${bus[@]}" call "$lab_name" "$path" "$key" Decrypt 'saya{sv}' cms 1 0 0
  indistinguishable "$user" 'Derive' "${bus[@]}" call "$lab_name" "$path" "$key" Derive 'saya{sv}' cms 1 0 0
  indistinguishable "$user" 'a wrong purpose' "${bus[@]}" call "$lab_name" "$path" "$key" Sign 'saya{sv}' nonsense 1 0 0
  indistinguishable "$user" 'wrong types' "${bus[@]}" call "$lab_name" "$path" "$key" Sign 's' digest
  indistinguishable "$user" 'a method that is not there' "${bus[@]}" call "$lab_name" "$path" "$key" Nonsense
  indistinguishable "$user" 'a property' "${bus[@]}" get-property "$lab_name" "$path" "$key" Label
  indistinguishable "$user" 'all properties' "${bus[@]}" call "$lab_name" "$path" org.freedesktop.DBus.Properties GetAll s "$key"
  indistinguishable "$user" 'writing a property' "${bus[@]}" set-property "$lab_name" "$path" "$key" Label s x
  indistinguishable "$user" 'introspection' "${bus[@]}" call "$lab_name" "$path" org.freedesktop.DBus.Introspectable Introspect
  indistinguishable "$user" 'signetctl sign' signetctl sign --key HIDDEN
  indistinguishable "$user" 'signetctl keys' signetctl keys HIDDEN
  indistinguishable "$user" 'policy explain' signetctl policy explain --key HIDDEN --purpose smime
  objects=$(lab_as "$user" "${bus[@]}" call "$lab_name" /org/signetd/Signet1 org.freedesktop.DBus.ObjectManager GetManagedObjects)
  case "$objects" in
    *"$hidden"*) check_failed "$user: the list of objects does not have the hidden key" "$objects" ;;
    *) echo "ok: $user: the list of objects does not have the hidden key" ;;
  esac
done

# --- what others do ------------------------------------------------------------------------------------------

activity() {
  lab_as "$1" "${bus[@]}" get-property "$lab_name" /org/signetd/Signet1 org.signetd.Signet1.Manager Done Refused Pending AuditSequence AuditHead |
    paste -s -d ' '
}
same 'carol does not learn how much is signed' "$(activity carol)" 't 0 t 0 u 0 t 0 s ""'
case "$(activity root)" in
  't 0 '* | *'t 0 s ""') check_failed 'root does' "$(activity root)" ;;
  *) echo 'ok: root does' ;;
esac
check_done
