#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Names that were made to take over a terminal or to look like others: of keys on a token, in certificates, in mail, of files, in an audit. Every
# program of ours that shows them is asked to, and so is openssl with our provider.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

# A title of the terminal, an erased screen in one C1 character, text from right to left, a line of its own, formats of printf.
evil=$'e\e]0;owned\a\u009b2J\u202egnp.\nv%n%s\u200bil'
lab_begin hostile-names
lab_demo_token
lab_key demo "$evil" 66 rsa:2048
lab_bus
lab_config
lab_config_token demo
lab_config_policy <<END
all: {
    user      = "$LAB_USER"
    key       = "pkcs11:token=demo;id=%66"
    operation = ["sign", "decrypt"]
    purpose   = ["smime", "csr", "cms"]
    effect    = "allow"
}
END
mkdir -m 1777 "$LAB/work"
cd "$LAB/work"
export SIGNET_EVIL=$evil

# Two certificates for it, one with a hostile subject and one with hostile addresses; and a mail signed by such a one.
cat >request.cnf <<END
[req]
prompt = no
distinguished_name = name
string_mask = utf8only
utf8 = yes
[name]
CN = "x$(printf '\e[2J\u009b2J\u202e')y"
[ext]
subjectAltName = email:a%n$(printf '\e[2J')@example.org
keyUsage = critical, digitalSignature, keyEncipherment
END
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out soft.key 2>"$LAB/log/genpkey"
openssl req -new -x509 -key soft.key -config request.cnf -extensions ext -days 1 -out soft.pem
openssl x509 -in soft.pem -force_pubkey "$LAB/keys/$evil.pem" -signkey soft.key -outform DER -out evil.der 2>"$LAB/log/x509"
lab_pkcs11 demo --write-object evil.der --type cert --id 66 --label "$evil"
openssl cms -sign -signer soft.pem -inkey soft.key -in "$SIGNET_SOURCE/tests/lab/mail/mail.eml" -out soft.eml
{ printf 'From: "%s" <a@example.org>\nSubject: %s\n' "$(printf '\e[2J\u202e')" "$(printf '\u009b2J')" && cat soft.eml; } >evil.eml
cp soft.eml "$evil.eml"
lab_signetd demo=ready

# harmless DESCRIPTION COMMAND...: whatever the command prints and however it ends, no byte of it does anything to a terminal, and it says something.
harmless() {
  local description=$1
  shift
  "$@" >shown 2>&1 </dev/null || true
  check "$description" /usr/bin/python3 - <<'END'
import sys, unicodedata
text = open('shown', 'rb').read().decode()
bad = {hex(ord(c)) for c in text if c not in '\n\t' and unicodedata.category(c) in ('Cc', 'Cf', 'Zl', 'Zp')}
sys.exit(f'{sorted(bad)} in {text!r}' if bad or not text.strip() else 0)
END
}

# The same for JSON, which says the label as it is.
valid() {
  harmless "$@"
  shift
  "$@" 2>/dev/null </dev/null >shown || true
  check 'which is JSON' /usr/bin/python3 -c 'import json, sys; json.load(open("shown"))'
}

uri='pkcs11:token=demo;id=%66'
provider=(-provider signet -provider default)
harmless 'keys' signetctl keys
harmless 'keys in full' signetctl keys --long
valid 'keys in JSON' signetctl --json keys
check 'which keeps the label' /usr/bin/python3 -c 'import json, os, sys; sys.exit(json.load(open("shown"))["keys"][0]["label"] != os.environ["SIGNET_EVIL"])'
harmless 'the keys that a shell proposes' signetctl complete -- keys ''
harmless 'a key of that name' signetctl keys "$evil"
valid 'a key of that name in JSON' signetctl --json keys "$evil"
harmless 'a refusal' signetctl sign --key "$uri" --purpose digest --in request.cnf
harmless 'a file of that name' signetctl sign --key "$uri" --in "$evil"
harmless 'a command of that name' signetctl "$evil"
valid 'an option of that name in JSON' signetctl --json keys "--$evil"
harmless 'a policy of that name' signetctl policy check "$evil"
harmless 'an explanation' signetctl policy explain "$uri" --purpose digest
valid 'an explanation in JSON' signetctl --json policy explain "$uri" --purpose digest
harmless 'the audit' signetctl audit show "$LAB/audit/audit.log"
valid 'the audit in JSON' signetctl --json audit show "$LAB/audit/audit.log"
printf '{"seq":1,"label":"%s","user":"\e[2J\u009b2J\x7f"}\n' x >"$evil"
harmless 'an audit with escapes, of that name' signetctl audit show "$evil"
valid 'in JSON' signetctl --json audit show "$evil"
echo '{' >"$evil"
harmless 'a file of that name that is no audit' signetctl audit show "$evil"
harmless 'its verification' signetctl audit verify --offline "$evil"
valid 'in JSON' signetctl --json audit verify --offline "$evil"

# signetctl setup in a home of its own: it signs with that key and says so.
export HOME=$LAB/work/home
mkdir -m 0700 "$HOME"
setup=(signetctl setup openssl --module "$LAB/modules/signet.so")
harmless 'setup: what it would do' "${setup[@]}" --print
harmless 'setup' "${setup[@]}" --yes
check 'which has signed' grep -q '^Tested: openssl cms signed with key e' shown
valid 'setup in JSON' "${setup[@]}" --json --test

harmless 'signet-smime verify' signet-smime verify --in evil.eml
valid 'in JSON' signet-smime verify --json --in evil.eml
harmless 'signet-smime verify of a file of that name' signet-smime verify --in "$evil.eml.none"
harmless 'signet-smime sign with that key' signet-smime sign --key "$uri" --in "$SIGNET_SOURCE/tests/lab/mail/mail.eml" --out signed.eml
harmless 'signet-smime with a key of that name' signet-smime sign --key "$evil" --in evil.eml

harmless 'openssl pkey in words' openssl pkey "${provider[@]}" -in "$uri" -noout -text
check 'a key file' openssl pkey "${provider[@]}" -in "$uri" -out evil.key
check 'which can be read' openssl pkey "${provider[@]}" -in evil.key -pubout -out pub.pem
same 'and names that key' "$(cat pub.pem)" "$(cat "$LAB/keys/$evil.pem")"
printf '%s\n' '-----BEGIN SIGNET KEY-----' "$(printf 'signet:\u009b2J@example.org' | base64)" '-----END SIGNET KEY-----' >none.key
harmless 'a key file that names nobody' openssl pkey "${provider[@]}" -in none.key -pubout
harmless 'openssl storeutl' openssl storeutl "${provider[@]}" -noout "$uri"

# A key whose label is the name that another key's files get.
lab_stop signetd
id=$(openssl pkey -pubin -in "$LAB/keys/$evil.pem" -outform DER | sha256sum)
lab_key demo "${id:0:16}" 67 rsa:2048
sed -i 's/;id=%66"/"/' "$LAB_CONFIG/policy.d/lab.conf"
lab_signetd demo=ready
rm -r "$HOME"
mkdir -m 0700 "$HOME"
check 'setup with all keys' "${setup[@]}" --yes --no-test
same 'gives each key a file' "$(find "$HOME/.config/signet/keys" -name '*.key' | wc -l)" "$(key_field id | wc -w)"
check_done
