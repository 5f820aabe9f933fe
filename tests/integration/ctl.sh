#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# signetctl against a running signetd: every command for people and in JSON, its exit codes, PINs on all their ways in, completion of names. What it
# signs is judged by openssl, what it decrypts was encrypted by openssl.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

lab_begin ctl
lab_demo_token
lab_bus
lab_config
lab_config_token demo
user=$LAB_USER
! lab_has_users || user=alice
lab_config_policy <<END
signs: {
    user      = "$user"
    key       = "pkcs11:token=demo;object=alice-*"
    operation = "sign"
    purpose   = ["csr", "digest"]
    effect    = "allow"
}

decrypts: {
    user      = "$user"
    key       = "pkcs11:token=demo;object=alice-rsa"
    operation = "decrypt"
    purpose   = ["cms", "raw"]
    effect    = "allow"
}

not-384: {
    key       = "pkcs11:token=demo;object=alice-rsa"
    operation = "sign"
    hash      = "sha384"
    effect    = "deny"
}

few: {
    user      = "carol"
    key       = "pkcs11:token=demo;object=alice-ec"
    operation = "sign"
    purpose   = "digest"
    rate      = "1/h, burst 1"
    effect    = "allow"
}
END
lab_signetd demo=ready
mkdir -m 1777 "$LAB/work"
cd "$LAB/work"
uri='pkcs11:token=demo;object='
alice() {
  lab_as "$user" "$@"
}
ctl() {
  alice signetctl "$@"
}
admin() {
  signetctl --config "$LAB_CONFIG" "$@"
}
terminal=$SIGNET_SOURCE/tests/lab/terminal.py

# exits STATUS DESCRIPTION COMMAND...
exits() {
  local wanted=$1 description=$2 status=0
  shift 2
  "$@" >"$LAB/output" 2>&1 </dev/null || status=$?
  if [ "$status" -eq "$wanted" ]; then
    printf 'ok: %s\n' "$description"
  else
    check_failed "$description" "status $status, not $wanted, from: $*" "$(tr -d '\0' <"$LAB/output")"
  fi
}

# json EXPRESSION COMMAND...: what the expression is of the one document "a" that the command prints
json() {
  local expression=$1
  shift
  "$@" 2>/dev/null | /usr/bin/python3 -c 'import base64, json, sys
a = json.load(sys.stdin)
print(eval(sys.argv[1]))' "$expression"
}

# --- keys ----------------------------------------------------------------------------------------------------

same 'the table has a line for each key' "$(ctl keys | wc -l)" 4
check 'a line says what one needs' grep -qE \
  '^[0-9a-f]{8} +rsa-2048 +alice-rsa +alice@example.org +2[0-9]{3}-[0-9]{2}-[0-9]{2} +demo +sign:csr,digest decrypt:cms,raw$' <<<"$(ctl keys)"
check 'on a terminal of 80 columns it is shorter' grep -qE 'alice-rsa .* demo +sign decrypt' <<<"$(alice "$terminal" signetctl keys)"
same 'and nothing is wider' "$(alice env NO_COLOR=1 "$terminal" signetctl keys | awk 'length > 86')" ''
same 'by operation' "$(json '[k["label"] for k in a["keys"]]' ctl --json keys --operation decrypt)" "['alice-rsa']"
same 'by address' "$(json 'sorted(k["label"] for k in a["keys"])' ctl --json keys alice@example.org)" "['alice-ec', 'alice-rsa']"
id=$(json 'a["keys"][0]["id"]' ctl --json keys "${uri}alice-ed")
same 'by digits' "$(json '[k["label"] for k in a["keys"]]' ctl --json keys "${id:0:8}")" "['alice-ed']"
check 'in full' grep -qx "  id           $id" <<<"$(ctl keys --long)"
same 'the certificate, as it was made' "$(ctl keys --pem "${uri}alice-rsa" | openssl x509 -outform DER | sha256sum)" \
  "$(openssl x509 -in "$LAB/certificates/alice-rsa.pem" -outform DER | sha256sum)"
json 'a["keys"][0]["certificates"][0]["pem"]' ctl --json keys "${uri}alice-rsa" >alice-rsa.pem
same 'and in JSON' "$(openssl x509 -in alice-rsa.pem -noout -fingerprint)" \
  "$(openssl x509 -in "$LAB/certificates/alice-rsa.pem" -noout -fingerprint)"
refuse 'a key without one says so' 'alice-ed.*no certificate' ctl keys --pem "${uri}alice-ed"
exits 3 'no such key' ctl keys "${uri}nothing"
exits 3 'nor one that somebody else has' ctl keys "${uri}bob-rsa"
refuse 'words that are no name' 'signetctl keys|RFC 7512|digits' ctl keys 'wh@t/ever;'

# --- sign ----------------------------------------------------------------------------------------------------

for key in alice-rsa alice-ec alice-ed; do
  ctl keys --public "${uri}$key" >"$key.pub"
done
head -c 50000000 /dev/zero >big
printf 'a few words\n' >small
# verified HASH KEY FILE [OPTION...]: openssl accepts signature.bin
verified() {
  local hash=$1 key=$2 file=$3
  shift 3
  openssl dgst "-$hash" -verify "$key.pub" "$@" -signature signature.bin "$file"
}
check 'RSA signs a large file' to signature.bin ctl sign --key "${uri}alice-rsa" --in big
check 'openssl accepts it' verified sha256 alice-rsa big
check 'with SHA-512' from small to signature.bin ctl sign --key "${uri}alice-rsa" --hash sha512
check 'openssl accepts it' verified sha512 alice-rsa small
check 'with PSS' from small to signature.bin ctl sign --key "${uri}alice-rsa" --padding pss --salt-length 20
check 'openssl accepts it' verified sha256 alice-rsa small -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:20
check 'P-256 signs' ctl sign --key "${uri}alice-ec" --in small --out "$PWD/ec.bin"
cp ec.bin signature.bin
check 'openssl accepts it' verified sha256 alice-ec small
check 'Ed25519 signs' to signature.bin ctl sign --key "${uri}alice-ed" --in small
check 'openssl accepts it' openssl pkeyutl -verify -pubin -inkey alice-ed.pub -rawin -in small -sigfile signature.bin
openssl dgst -sha256 -binary small >digest.bin
sha256sum small | cut -d' ' -f1 >digest.hex
for form in bin hex; do
  check "a digest as $form" to signature.bin ctl sign --key "${uri}alice-rsa" --digest --in digest.$form
  check 'openssl accepts it' verified sha256 alice-rsa small
done
ctl sign --key "${uri}alice-rsa" --in small --base64 | base64 -d >signature.bin
check 'as base64' verified sha256 alice-rsa small
json 'a["signature"]' ctl --json sign --key "${uri}alice-rsa" --in small | base64 -d >signature.bin
check 'in JSON' verified sha256 alice-rsa small
same 'which names the key' "$(json 'a["key"], a["algorithm"], a["purpose"]' ctl --json sign --key "${uri}alice-ed" --in small)" \
  "('$id', 'ed25519', 'digest')"
exits 12 'a digest of the wrong size' ctl sign --key "${uri}alice-rsa" --digest --in small
exits 12 'an Ed25519 message that is too large' ctl sign --key "${uri}alice-ed" --in big
exits 12 'SignedAttributes that are none' ctl sign --key "${uri}alice-ec" --purpose csr --in small
exits 16 'a file that is not there' ctl sign --key "${uri}alice-ec" --in nowhere
exits 16 'a place where one cannot write' ctl sign --key "${uri}alice-ec" --in small --out /nowhere/signature
exits 4 'a hash that policy does not allow' ctl sign --key "${uri}alice-rsa" --hash sha384 --in small
exits 3 'a key that is not there' ctl sign --key "${uri}nothing" --in small
refuse 'which is said in a sentence' 'no key that you may sign with is called' ctl sign --key "${uri}nothing" --in small
refuse 'and to decrypt' 'no key that you may decrypt with is called' ctl decrypt --key "${uri}nothing" --in small
exits 15 'a name that fits two' ctl sign --key pkcs11:token=demo --in small
refuse 'standard output that is full' 'No space left' ctl sign --key "${uri}alice-ec" --in small --out /dev/full

# --- decrypt -------------------------------------------------------------------------------------------------

openssl rand 32 >secret
openssl pkeyutl -encrypt -pubin -inkey alice-rsa.pub -in secret -out pkcs1.bin
openssl pkeyutl -encrypt -pubin -inkey alice-rsa.pub -in secret -out oaep.bin -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 \
  -pkeyopt rsa_oaep_label:6d61696c
openssl pkeyutl -encrypt -pubin -inkey alice-rsa.pub -in small -out raw.bin
secret=$(base64 -w0 secret)
same 'a content key' "$(ctl decrypt --key "${uri}alice-rsa" --in pkcs1.bin | base64 -w0)" "$secret"
same 'of a length that is known' "$(ctl decrypt --key "${uri}alice-rsa" --key-length 32 --in pkcs1.bin | base64 -w0)" "$secret"
oaep=(decrypt --key "${uri}alice-rsa" --padding oaep --hash sha256 --in oaep.bin)
same 'OAEP with a label' "$(ctl "${oaep[@]}" --label mail | base64 -w0)" "$secret"
exits 10 'another label' ctl "${oaep[@]}" --label post
same 'any plaintext' "$(ctl decrypt --key "${uri}alice-rsa" --purpose raw --in raw.bin)" 'a few words'
same 'in JSON' "$(json 'a["plaintext"]' ctl --json decrypt --key "${uri}alice-rsa" --in pkcs1.bin)" "$secret"
alice touch out.bin
alice chmod 0644 out.bin
check 'into a file' ctl decrypt --key "${uri}alice-rsa" --in pkcs1.bin --out out.bin
same 'that is for its owner alone' "$(stat -c %a out.bin)" 600
same 'and is right' "$(base64 -w0 out.bin)" "$secret"
head -c 256 /dev/zero >garbage
same 'bad padding looks like a key, the same each time' "$(ctl decrypt --key "${uri}alice-rsa" --key-length 16 --in garbage | sha256sum)" \
  "$(ctl decrypt --key "${uri}alice-rsa" --key-length 16 --in garbage | sha256sum)"
exits 12 'a ciphertext that is too long' ctl decrypt --key "${uri}alice-rsa" --in big
refuse 'a terminal' '--out FILE or --base64' alice "$terminal" signetctl decrypt --key "${uri}alice-rsa" --in pkcs1.bin

# --- policy --------------------------------------------------------------------------------------------------

same 'allowed: the rule, and where it stands' "$(ctl policy explain "${uri}alice-rsa" --purpose cms)" \
"allowed: rule \"decrypts\" (policy.d/lab.conf:9) allows it
  $LAB_CONFIG/policy.d/lab.conf:9"
exits 1 'denied' ctl policy explain --key "${uri}alice-ec" --purpose smime
check 'with the reason' grep -q '^denied: no rule allows' <<<"$(ctl policy explain "${uri}alice-ec" --purpose smime || true)"
same 'in JSON' "$(json 'a["allowed"], a["effect"], a["rule"], a["line"]' ctl --json policy explain "${uri}alice-rsa" --purpose cms)" \
  "(True, 'allow', 'decrypts', 9)"
same 'a denial, too' "$(json 'a["allowed"], a["rule"]' ctl --json policy explain "${uri}alice-ec" --purpose smime)" "(False, '')"
exits 3 'a key that is not there' ctl policy explain "${uri}nothing" --purpose smime
check 'root reloads' admin policy reload
same 'in JSON' "$(json 'a["policy-generation"]' admin --json policy reload)" 3

# --- unlock and lock -----------------------------------------------------------------------------------------

(umask 077 && printf '%s\n' "$lab_pin" >pin)
check 'lock' admin lock demo
exits 5 'a locked token' ctl sign --key "${uri}alice-ec" --in small
refuse 'names the way on' 'signetctl unlock demo' ctl sign --key "${uri}alice-ec" --in small
exits 1 'status says no' admin status
check 'and what to do' grep -q 'signetctl unlock demo' <<<"$(admin status || true)"
same 'once' "$(admin status | grep -c 'signetctl unlock demo')" 1
echo 9999 >wrong
exits 7 'a wrong PIN' admin unlock demo --pin-file wrong
refuse 'says so' 'PIN is wrong' admin unlock demo --pin-file wrong
exits 12 'an empty PIN' admin unlock demo --pin-file /dev/null
exits 16 'a PIN file that is not there' admin unlock demo --pin-file nowhere
exits 16 'a descriptor that is not open' admin unlock demo --pin-fd 99
exits 2 'two PINs' admin unlock demo --pin-file pin --pin-fd 0
exits 3 'a token that is not there' admin unlock nothing
check 'from a file' admin unlock demo --pin-file pin
lab_await demo=ready
check 'and it signs' to /dev/null ctl sign --key "${uri}alice-ec" --in small
# unlocks DESCRIPTION COMMAND...
unlocks() {
  admin lock demo >/dev/null
  check "$@"
  lab_await demo=ready || check_failed "$1: it is ready"
}
unlocks 'from a pipe' from pin admin unlock demo
unlocks 'from a descriptor' from pin admin unlock demo --pin-fd 0
same 'in JSON' "$(json 'a["name"], a["state"]' admin --json lock demo)" "('demo', 'locked')"
typed=$("$terminal" --type "$lab_pin" signetctl unlock demo)
lab_await demo=ready
same 'from a terminal, where it does not show' "${typed//$'\n'/|}" \
  'PIN for token "demo": |Token "demo" is unlocked.|echo: off|echo: on'
status=0
typed=$("$terminal" --type ^C signetctl unlock demo) || status=$?
same 'Ctrl-C leaves a terminal that echoes' "$status $(tail -n 1 <<<"$typed")" '130 echo: on'

# --- audit ---------------------------------------------------------------------------------------------------

exits 0 'the audit is whole' admin audit verify
check 'and signetd agrees' grep -q 'signetd remembers the same' <<<"$(admin audit verify)"
same 'in JSON' "$(json 'a["ok"], a["compared"], a["lines"] == a["sequence"]' admin --json audit verify)" '(True, True, True)'
audit=$LAB/audit/audit.log
head -n -1 "$audit" >shorter
exits 1 'its end cut off' admin audit verify shorter
check 'is seen by what signetd remembers' grep -q 'cut.*signetd has written' <<<"$(admin audit verify shorter || true)"
exits 0 'but not without it' admin audit verify --offline shorter
sed '$s/"operation":"[a-z]*"/"operation":"sign"/;$s/"pid":/"pid":1/' "$audit" >changed
check 'its last line changed' grep -q 'changed: signetd remembers another' <<<"$(admin audit verify changed || true)"
same 'who was denied' "$(json 'sorted({(l["operation"], l["purpose"], l["result"]) for l in a})' admin --json audit show --verdict deny --user "$user")" \
  "[('sign', 'digest', 'NotAuthorized')]"
same 'what was decrypted' "$(json '{l["label"] for l in a if l["operation"] == "decrypt"}' admin --json audit show --user "$user")" "{'alice-rsa'}"
same 'by the key'"'"'s address' "$(json '{l["label"] for l in a}' alice signetctl --json audit show --key "${uri}alice-ec" - <"$audit")" "{'alice-ec'}"
check 'every line of signetd'"'"'s is shown' grep -q "$user  *sign:digest  *alice-rsa  *allowed by signs" <<<"$(admin audit show)"

# --- status and tokens ---------------------------------------------------------------------------------------

exits 0 'all is well' ctl status
check 'for people' grep -qE '^signetd [0-9.]+, running since 2' <<<"$(ctl status)"
# How much goes on is for administrators.
same 'in JSON' "$(json 'a["ready"], a["policy-generation"], [t["name"] for t in a["tokens"]], a["done"] > 10, "audit-head" in a' ctl --json status)" \
  "(True, 3, ['demo'], $([ "$user" = "$LAB_USER" ] && echo True, True || echo False, False))"
same 'the head is for root' "$(json 'a["audit-head"]' admin --json status)" "$(tail -n 1 "$audit" | tr -d '\n' | sha256sum | cut -d' ' -f1)"
same 'tokens' "$(ctl tokens | awk 'NR > 1 { print $1, $2, $3 }')" 'demo ready demo'
same 'in JSON' "$(json '[(t["label"], t["workers-configured"]) for t in a["tokens"]]' ctl --json tokens)" "[('demo', 2)]"
same 'one token' "$(json '[t["name"] for t in a["tokens"]]' ctl --json tokens demo)" "['demo']"
exits 3 'a token that is not there' ctl tokens nothing
same 'another bus' "$(json 'a["ready"]' env -u DBUS_SYSTEM_BUS_ADDRESS signetctl --json --address "$DBUS_SYSTEM_BUS_ADDRESS" status)" True

# --- completion of names -------------------------------------------------------------------------------------

# completes LINE: what bash would offer behind LINE
completes() {
  # shellcheck disable=SC2016 # it is for the other bash
  alice bash --norc -c '. "$1"
    COMP_LINE=$2 COMP_POINT=${#2}
    mapfile -t COMP_WORDS < <(printf "%s" "$2" | sed -E "s/([@=:;]+)/\n\1\n/g;s/ +/\n/g" | grep .)
    case $2 in *[\ ]) COMP_WORDS+=("") ;; esac
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    "$3"
    printf "%s\n" "${COMPREPLY[@]}" | sort -u | tr "\n" " "' - "$SIGNET_SOURCE/${2-client/signetctl.bash}" "$1" "${3-_signetctl}"
}
completes_smime() {
  completes "$1" mail/signet-smime.bash _signet_smime
}
same 'tokens by name' "$(completes 'signetctl unlock ')" 'demo '
same 'keys by address' "$(completes 'signetctl keys al')" 'alice@example.org '
same 'behind the @ of an address' "$(completes 'signetctl keys alice@ex')" 'example.org '
same 'right behind it' "$(completes 'signetctl keys alice@')" 'example.org '
same 'keys by URI' "$(completes 'signetctl sign --key pkcs11:token=de')" 'demo\;object=alice-ec demo\;object=alice-ed demo\;object=alice-rsa '
same 'those that can decrypt' "$(completes 'signetctl decrypt --key p')" 'pkcs11:token=demo\;object=alice-rsa '

same 'signet-smime: keys' "$(completes_smime 'signet-smime sign --key pkcs11:token=demo\;object=alice-r')" 'alice-rsa '
same 'signet-smime: a key in one go, ready for a shell' "$(completes_smime 'signet-smime sign --key p' | tr ' ' '\n' | grep rsa)" 'pkcs11:token=demo\;object=alice-rsa'
same 'signet-smime: options' "$(completes_smime 'signet-smime sign --op')" '--opaque '

# --- other users ---------------------------------------------------------------------------------------------

if lab_has_users; then
  exits 4 'alice may not unlock' from pin ctl unlock demo
  exits 4 'nor lock' ctl lock demo
  exits 4 'nor reload' ctl policy reload
  exits 4 'nor ask about bob' ctl policy explain "${uri}alice-ec" --purpose smime --user bob
  exits 1 'root may' admin policy explain "${uri}alice-ec" --purpose smime --user bob
  exits 0 'carol may sign once' lab_as carol signetctl sign --key "${uri}alice-ec" --in small
  exits 9 'and then has to wait' lab_as carol signetctl sign --key "${uri}alice-ec" --in small
  exits 0 'bob has no keys, which is an answer' lab_as bob signetctl keys
  same 'in JSON, too' "$(json 'a["keys"]' lab_as bob signetctl --json keys)" '[]'
  exits 16 'alice may not read the audit' ctl --config "$LAB_CONFIG" audit show
else
  skip 'what other users may not do: needs root'
fi

# --- signetd goes away ---------------------------------------------------------------------------------------

lab_stop signetd
exits 14 'no signetd' ctl keys
refuse 'names the way on' 'signetd' ctl keys
check 'the audit can be verified all the same' admin audit verify
check_done
