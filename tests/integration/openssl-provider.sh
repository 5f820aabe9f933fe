#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The OpenSSL provider in Debian's own openssl, with keys by URI and by key file. What it makes is judged by openssl without the provider, with
# public keys and certificates that did not come through it.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

# Keys called alice-* are for mail, as the policy of most users will have it; those called tool-* are for anything.
lab_begin openssl-provider
lab_demo_token
lab_key demo tool-rsa 11 rsa:2048
lab_key demo tool-p256 12 EC:prime256v1
# pkcs11-tool cannot read the public keys of these, so they come from files; softhsm2-util would not let them derive.
for key in p384:13 p521:14; do
  name=tool-${key%:*}
  openssl genpkey -algorithm EC -pkeyopt "group:P-${name#tool-p}" -outform DER -out "$LAB/keys/$name.der"
  openssl pkey -inform DER -in "$LAB/keys/$name.der" -pubout -out "$LAB/keys/$name.pem"
  lab_pkcs11 demo --write-object "$LAB/keys/$name.der" --type privkey --id "${key#*:}" --label "$name" --usage-sign --usage-derive --sensitive
  openssl pkey -inform DER -in "$LAB/keys/$name.der" -pubout -outform DER -out "$LAB/keys/$name.pub.der"
  lab_pkcs11 demo --write-object "$LAB/keys/$name.pub.der" --type pubkey --id "${key#*:}" --label "$name"
done
openssl genpkey -algorithm ED25519 -out "$LAB/keys/tool-ed.key"
openssl pkey -in "$LAB/keys/tool-ed.key" -pubout -out "$LAB/keys/tool-ed.pem"
lab_quietly softhsm2-util --import "$LAB/keys/tool-ed.key" --token demo --label tool-ed --id 15 --pin "$lab_pin"
lab_bus
lab_config
lab_config_token demo
lab_config_policy <<END
mail: {
    user      = "$LAB_USER"
    key       = "pkcs11:token=demo;object=alice-*"
    operation = ["sign", "decrypt"]
    purpose   = ["smime", "csr", "cms"]
    effect    = "allow"
}

tools: {
    user      = "$LAB_USER"
    key       = "pkcs11:token=demo;object=tool-*"
    operation = ["sign", "decrypt"]
    purpose   = ["digest", "raw"]
    effect    = "allow"
}
END
lab_signetd demo=ready
mkdir -m 1777 "$LAB/work"
cd "$LAB/work"

mail=$SIGNET_SOURCE/tests/lab/mail/mail.eml
ca=$LAB/certificates/ca.pem
plain() {
  env -u OPENSSL_MODULES -u OPENSSL_CONF "$plain_openssl" "$@"
}
plain_openssl=$(PATH=${PATH#"$LAB/bin:"} command -v openssl)
provider=(-provider signet -provider default)
uri() {
  printf 'pkcs11:token=demo;object=%s' "$1"
}
head -c 100000 /dev/urandom >large
head -c 32 /dev/urandom >secret
printf 'some words' >words

# --- keys ----------------------------------------------------------------------------------------------------

for key in alice-rsa alice-ec tool-rsa tool-p256 tool-p384 tool-p521 tool-ed; do
  openssl pkey "${provider[@]}" -in "$(uri $key)" -pubout -out pub.pem
  same "$key gives its public key" "$(cat pub.pem)" "$(cat "$LAB/keys/$key.pem")"
  check "$key gives a key file" openssl pkey "${provider[@]}" -in "$(uri $key)" -out "$key.key"
  same 'the key file has our label' "$(head -n 1 "$key.key")" '-----BEGIN SIGNET KEY-----'
  openssl pkey "${provider[@]}" -in "$key.key" -pubout -out pub.pem
  same 'the key file names the same key' "$(cat pub.pem)" "$(cat "$LAB/keys/$key.pem")"
done
check 'a key is described in words' openssl pkey "${provider[@]}" -in "$(uri alice-rsa)" -noout -text
check 'a certificate comes by address' openssl x509 "${provider[@]}" -in signet:alice@example.org -out found.pem
check 'it is one of hers' plain verify -CAfile "$ca" -purpose smimesign found.pem
check 'all of it can be listed' openssl storeutl "${provider[@]}" -noout pkcs11:token=demo

# The recipe in docs/OPENSSL.md.
{
  echo '-----BEGIN SIGNET KEY-----'
  echo 'signet:alice@example.org?operation=sign' | base64
  echo '-----END SIGNET KEY-----'
} >hand.key
check 'a key file written by hand is read' openssl pkey "${provider[@]}" -in hand.key -pubout -out pub.pem

# --- mail ----------------------------------------------------------------------------------------------------

# verifies FILE SIGNER: openssl alone accepts it, and it was signed with that certificate.
verifies() {
  check 'openssl accepts it' plain cms -verify -in "$1" -CAfile "$ca" -out content.eml -signer signer.pem
  same 'every part came through' "$(mail_parts content.eml)" "$(mail_parts "$mail")"
  same 'it was signed by that key' "$(plain x509 -in signer.pem -noout -serial)" \
    "$(plain x509 -in "$LAB/certificates/$2.pem" -noout -serial)"
}

for key in alice-rsa alice-ec; do
  certificate=$LAB/certificates/$key.pem
  for inkey in "$(uri $key)" $key.key; do
    check "openssl cms -sign with $inkey" openssl cms -sign "${provider[@]}" -inkey "$inkey" -signer "$certificate" -in "$mail" \
      -out signed.eml
    verifies signed.eml $key
    for cipher in aes128 aes256; do
      plain cms -encrypt "-$cipher" -in "$mail" -out encrypted.eml "$certificate"
      check "openssl cms -decrypt with $inkey, $cipher" openssl cms -decrypt "${provider[@]}" -inkey "$inkey" -recip "$certificate" \
        -in encrypted.eml -out decrypted.eml
      same 'every part came through' "$(mail_parts decrypted.eml)" "$(mail_parts "$mail")"
    done
  done
  check 'the order of the providers does not matter' openssl cms -sign -provider default -provider signet -inkey "$(uri $key)" \
    -signer "$certificate" -in "$mail" -out signed.eml
  verifies signed.eml $key
  check 'opaque' openssl cms -sign "${provider[@]}" -nodetach -inkey "$key.key" -signer "$certificate" -in "$mail" -out signed.eml
  verifies signed.eml $key
done

check 'openssl smime -sign with all certificates by name' openssl smime -sign "${provider[@]}" -inkey "$(uri alice-rsa)" \
  -signer "$(uri alice-rsa)" -certfile signet:alice@example.org -md sha256 -in "$mail" -out signed.eml
verifies signed.eml alice-rsa
check 'openssl cms -encrypt to a certificate by name' openssl cms -encrypt "${provider[@]}" -aes128 -in "$mail" -out encrypted.eml \
  -recip "$(uri alice-rsa)"
check 'openssl smime -decrypt' openssl smime -decrypt "${provider[@]}" -inkey "$(uri alice-rsa)" -in encrypted.eml -out decrypted.eml
same 'every part came through' "$(mail_parts decrypted.eml)" "$(mail_parts "$mail")"

check 'openssl cms -sign by PSS' openssl cms -sign "${provider[@]}" -inkey alice-rsa.key -signer "$LAB/certificates/alice-rsa.pem" \
  -keyopt rsa_padding_mode:pss -in "$mail" -out signed.eml
verifies signed.eml alice-rsa
check 'it is PSS' plain cms -cmsout -print -in signed.eml -out print.txt
same 'with a salt as long as the hash' "$(grep -A 20 rsassaPss print.txt | grep -o 'INTEGER *:.*' | tr -d ' ')" INTEGER:20
for hash in sha1 sha256; do
  plain cms -encrypt -aes256 -in "$mail" -out encrypted.eml -recip "$LAB/certificates/alice-rsa.pem" -keyopt rsa_padding_mode:oaep \
    -keyopt rsa_oaep_md:$hash
  check "openssl cms -decrypt of OAEP with $hash" openssl cms -decrypt "${provider[@]}" -inkey alice-rsa.key \
    -recip "$LAB/certificates/alice-rsa.pem" -in encrypted.eml -out decrypted.eml
  same 'every part came through' "$(mail_parts decrypted.eml)" "$(mail_parts "$mail")"
done

# --- requests ------------------------------------------------------------------------------------------------

for key in alice-rsa alice-ec alice-ed; do
  check "openssl req with $key" openssl req "${provider[@]}" -new -key "$(uri $key)" -subj /CN=Alice -addext subjectAltName=email:alice@example.org \
    -out request.pem
  check 'openssl accepts it' plain req -in request.pem -noout -verify
  [ "$key" = alice-ed ] || # whose public key the lab does not know
    same 'it is for that key' "$(plain req -in request.pem -noout -pubkey)" "$(cat "$LAB/keys/$key.pem")"
done

# --- primitive rights ----------------------------------------------------------------------------------------

# signs KEY FILE OPTION...: signs and has openssl verify.
signs() {
  local key=$1 file=$2
  shift 2
  check "openssl dgst with $key, $file, $*" openssl dgst "${provider[@]}" -sign "$key.key" "$@" -out signature "$file"
  check 'openssl accepts it' plain dgst -verify "$LAB/keys/$key.pem" "$@" -signature signature "$file"
}
signs tool-rsa words -sha256
signs tool-rsa large -sha512
signs tool-rsa words -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:-1
signs tool-rsa large -sha384 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:20
signs tool-p256 words -sha256
signs tool-p384 words -sha384
signs tool-p521 large -sha512
plain dgst -sha256 -binary -out digest words
for key in tool-rsa tool-p256; do
  check "openssl pkeyutl -sign with $key" openssl pkeyutl "${provider[@]}" -sign -inkey $key.key -pkeyopt digest:sha256 -in digest -out signature
  check 'openssl accepts it' plain pkeyutl -verify -pubin -inkey "$LAB/keys/$key.pem" -pkeyopt digest:sha256 -in digest -sigfile signature
done
check 'openssl pkeyutl -sign with Ed25519' openssl pkeyutl "${provider[@]}" -sign -rawin -inkey tool-ed.key -in words -out signature
check 'openssl accepts it' plain pkeyutl -verify -rawin -pubin -inkey "$LAB/keys/tool-ed.pem" -in words -sigfile signature
refuse 'a long message has to be hashed before Ed25519' 'sign a digest' openssl pkeyutl "${provider[@]}" -sign -rawin -inkey tool-ed.key -in large

for curve in 256 384 521; do
  plain genpkey -algorithm EC -pkeyopt group:P-$curve -out peer.key
  plain pkey -in peer.key -pubout -out peer.pem
  check "openssl pkeyutl -derive on P-$curve" openssl pkeyutl "${provider[@]}" -derive -inkey "tool-p$curve.key" -peerkey peer.pem -out ours
  plain pkeyutl -derive -inkey peer.key -peerkey "$LAB/keys/tool-p$curve.pem" -out theirs
  check 'both have the same secret' cmp ours theirs
done
plain pkeyutl -encrypt -pubin -inkey "$LAB/keys/tool-rsa.pem" -in words -out ciphertext
check 'openssl pkeyutl -decrypt of any plaintext' openssl pkeyutl "${provider[@]}" -decrypt -inkey tool-rsa.key -in ciphertext -out plaintext
check 'it is what was encrypted' cmp plaintext words
plain pkeyutl -encrypt -pubin -inkey "$LAB/keys/alice-rsa.pem" -in secret -out ciphertext
check 'openssl pkeyutl -decrypt of a content key' openssl pkeyutl "${provider[@]}" -decrypt -inkey alice-rsa.key -in ciphertext -out plaintext
check 'it is what was encrypted' cmp plaintext secret

# --- refusals ------------------------------------------------------------------------------------------------

refuse 'a mail key signs no digest' 'not authorized.*policy|not authorized.*digest' openssl dgst "${provider[@]}" -sha256 -sign alice-rsa.key words
refuse 'nor a certificate' 'not authorized' openssl x509 "${provider[@]}" -req -in request.pem -CA "$LAB/certificates/alice-ec.pem" \
  -CAkey alice-ec.key -set_serial 1 -out certificate.pem
refuse 'nor does it decrypt any plaintext' 'not authorized' openssl pkeyutl "${provider[@]}" -decrypt -pkeyopt purpose:raw -inkey alice-rsa.key \
  -in ciphertext
refuse 'a key that nobody has' 'no such key.*nobody' openssl pkey "${provider[@]}" -in "$(uri nobody)" -pubout
refuse 'a key of somebody else' 'no such key' openssl pkey "${provider[@]}" -in "$(uri bob-rsa)" -pubout
refuse 'a certificate of another key' 'key values mismatch|CMS_R_PRIVATE_KEY_DOES_NOT_MATCH|private key does not match' \
  openssl cms -sign "${provider[@]}" -inkey alice-rsa.key -signer "$LAB/certificates/alice-ec.pem" -in "$mail" -out signed.eml
refuse 'the private key itself' 'error|unable' openssl rsa "${provider[@]}" -traditional -in alice-rsa.key
printf '%s\n' '-----BEGIN SIGNET KEY-----' "$(printf %s "$(uri nobody)" | base64)" '-----END SIGNET KEY-----' >bad.key
refuse 'a key file that names no key' 'no such key.*nobody' openssl pkey "${provider[@]}" -in bad.key -pubout
printf '%s\n' '-----BEGIN SIGNET KEY-----' "$(printf 'pkcs11:token=demo' | base64)" '-----END SIGNET KEY-----' >bad.key
refuse 'a key file that names several' 'several keys' openssl pkey "${provider[@]}" -in bad.key -pubout
if lab_has_users; then
  refuse 'another user has none of these' 'no such key' lab_as carol openssl pkey "${provider[@]}" -in "$(uri alice-rsa)" -pubout
else
  skip 'another user: only root can become one'
fi

# --- libsignet's EVP_PKEY ------------------------------------------------------------------------------------

check 'threads, a child and a context of its own with RSA' "$SIGNET_BUILD/tests/evp-key" "$(uri tool-rsa)" "$LAB/keys/tool-rsa.pem"
check 'threads, a child and a context of its own with P-256' "$SIGNET_BUILD/tests/evp-key" "$(uri tool-p256)" "$LAB/keys/tool-p256.pem"

check 'a plugin that signs and is unloaded' "$SIGNET_BUILD/tests/evp-plugin" "$SIGNET_BUILD/client/libsignet.so.0" "$(uri tool-rsa)"

# --- openssl.cnf, TLS ----------------------------------------------------------------------------------------

# configuration FIRST SECOND: an openssl.cnf with the providers in this order.
configuration() {
  cat <<END
openssl_conf = init
[init]
providers = providers
[providers]
$1 = $1_section
$2 = $2_section
[default_section]
activate = 1
[signet_section]
activate = 1
bus-address = $DBUS_SYSTEM_BUS_ADDRESS
END
}
configuration default signet >openssl.cnf
configuration signet default >signet-first.cnf
export OPENSSL_CONF=$LAB/work/openssl.cnf
for conf in openssl.cnf signet-first.cnf; do
  check "$conf loads it and names the bus" env -u DBUS_SYSTEM_BUS_ADDRESS OPENSSL_CONF="$LAB/work/$conf" openssl cms -sign -inkey alice-rsa.key \
    -signer "$LAB/certificates/alice-rsa.pem" -in "$mail" -out signed.eml
  verifies signed.eml alice-rsa
  check 'software keys are made as before' env OPENSSL_CONF="$LAB/work/$conf" openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
    -nodes -keyout soft.key -out soft.pem -subj /CN=x
  check 'and are plain keys' plain pkey -in soft.key -noout
done

for timeout in soon 0 -1 5s 600001; do
  { configuration default signet; echo "timeout = $timeout"; } >timeout.cnf
  refuse "timeout = $timeout is refused" '[uU]nable to load|No such|Could not' env OPENSSL_CONF="$LAB/work/timeout.cnf" openssl pkey -in alice-rsa.key -pubout
done
{ configuration default signet; echo 'timeout = 600000'; } >timeout.cnf
check 'a timeout is taken' env OPENSSL_CONF="$LAB/work/timeout.cnf" openssl pkey -in alice-rsa.key -pubout

# tls CONFIGURATION KEY OPTION...: a server with this key, and openssl alone as its client.
tls() {
  local port='' conf=$1 key=$2
  shift 2
  rm -f "$LAB/log/tls"
  plain x509 -new -force_pubkey "$LAB/keys/$key.pem" -subj /CN=server -CA "$ca" -CAkey "$LAB/ca/ca.key" -days 1 -out server.pem
  lab_start tls "$LAB_USER" env OPENSSL_CONF="$LAB/work/$conf" openssl s_server -accept 127.0.0.1:0 -cert server.pem -key "$key.key" -www
  for ((i = 0; i < 300 && ! port; i++)); do
    sleep 0.1
    port=$(sed -n 's/^ACCEPT .*://p' "$LAB/log/tls")
  done
  check "a TLS server with $key and $conf, $*" from /dev/null plain s_client -connect "127.0.0.1:$port" -CAfile "$ca" -verify_return_error "$@"
  lab_stop tls
}
for conf in openssl.cnf signet-first.cnf; do
  tls $conf tool-rsa -tls1_3
  tls $conf tool-rsa -tls1_2 -sigalgs RSA+SHA256 -curves X25519
  tls $conf tool-rsa -tls1_2 -sigalgs RSA-PSS+SHA256
  tls $conf tool-p256 -tls1_3 -curves P-256
  tls $conf tool-p256 -tls1_2
  tls $conf tool-ed -tls1_3
done

# --- without signetd -----------------------------------------------------------------------------------------

lab_stop signetd
refuse 'signetd is not there' 'signetd unavailable' openssl pkey -in alice-rsa.key -pubout
check 'other keys go on working' openssl pkey -in soft.key -noout
check_done
