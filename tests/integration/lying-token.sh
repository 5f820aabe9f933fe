#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Tokens that lie: one that claims a key which another token holds, a certificate that names somebody else's address over another token's key, labels
# that the bus does not carry. What a token says gives nobody the use of what lies on another.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

lab_has_users || skip_all 'needs root, to become other users'
lab_begin lying-token
lab_store
for token in alice bob; do
  lab_token "$token"
done
lab_key alice alice-key 01 EC:prime256v1
lab_key alice mail-key 02 EC:prime256v1
lab_key bob bob-key 01 EC:prime256v1

# Bob, who has the PIN of his own token, puts Alice's public key beside a private key of his.
lab_pkcs11 bob --delete-object --type pubkey --id 01
lab_pkcs11 bob --write-object "$LAB/keys/alice-key.der" --type pubkey --id 01 --label bob-key

# And a certificate over Alice's other key that bears his address.
lab_ca
lab_certificate mail-key bob@example.org
lab_import bob mail-key 02

# A label that is UTF-8 and that no D-Bus message carries.
lab_pkcs11 bob --keypairgen --key-type EC:prime256v1 --id 03 --label $'odd-\xef\xbf\xbe' --sensitive --usage-sign

# A hijacked worker: it says that its token is Alice's.
cat >"$LAB/hijacked.py" <<'END'
import os, socket, struct, sys
def frame(kind, body): return struct.pack('>BBHI', 1, kind, 0, 0) + body
def text(s): return struct.pack('>I', len(s)) + s
listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o777)
listener.listen(8)
spki = open(sys.argv[2], 'rb').read()
kept = []
while True:
    link = listener.accept()[0]
    link.recv(4096)
    try:
        link.send(frame(5, b'\0' + text(b'alice') + text(b'') * 3 + struct.pack('>I', 0) + text(b'')))
        link.send(frame(6, struct.pack('>IBB', 1, 2, 0x09) + text(spki) + text(b'hijacked') + text(b'')))
        link.send(frame(8, struct.pack('>II', 1, 0)))
    except BrokenPipeError:
        pass # signetd hung up on the first lie
    kept.append(link)
END
openssl ecparam -name prime256v1 -genkey -noout | openssl pkey -pubout -outform DER -out "$LAB/hijacked.der"
lab_start hijacked "$LAB_USER" /usr/bin/python3 "$LAB/hijacked.py" "$LAB_RUN/hijacked" "$LAB/hijacked.der"

lab_bus
lab_config
lab_config_token hijacked "socket = \"$LAB_RUN/hijacked\""
lab_config_token alice 'workers = 2'
lab_config_token bob 'workers = 1'
lab_config_policy <<END
alice: { user = "alice"; key = "pkcs11:token=alice"; operation = "sign"; purpose = "digest"; effect = "allow"; }
bob: { user = "bob"; key = ["pkcs11:token=bob", "%u@example.org"]; operation = "sign"; purpose = "digest"; effect = "allow"; }
END
lab_signetd alice=ready bob=ready hijacked=failed
mkdir -m 1777 "$LAB/work"
sha256sum "$LAB_CONFIG/signetd.conf" >"$LAB/work/input"

# sign_as USER KEY PEM: USER signs with KEY, and the public key in PEM confirms it.
sign_as() {
  lab_as "$1" signetctl sign --key "$2" --in "$LAB/work/input" --out "$LAB/work/$1.sig" || return
  openssl dgst -sha256 -verify "$LAB/keys/$3.pem" -signature "$LAB/work/$1.sig" "$LAB/work/input"
}

check 'Alice signs with her key' sign_as alice 'pkcs11:token=alice;object=alice-key' alice-key
for i in 1 2 3 4; do
  refuse "Bob does not get Alice's signature for his claim ($i)" '' sign_as bob 'pkcs11:token=bob;object=bob-key' alice-key
done
refuse "a certificate on Bob's token does not make Alice's key his" 'no key|no such key|No key' sign_as bob bob@example.org mail-key
same "and does not show it to him" "$(key_field label lab_as bob | grep -c mail-key || true)" 0
same 'a worker that says it has another token than it was configured for is not believed' \
  "$(lab_as alice signetctl keys --json | grep -c hijacked || true)" 0
check 'a label that no message carries hides no other key' lab_as bob signetctl keys --json
same 'and is left out' "$(key_field label lab_as bob | wc -w)" 1
check_done
