#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# signet-smime with keys on a token: which key it takes, how it names them, what it says when signetd says no. Plain openssl judges.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"
# shellcheck source=tests/lab/smime.sh
. "$SIGNET_SOURCE/tests/lab/smime.sh"

lab_begin smime-keys
lab_demo_token
# Dora has a key to sign and another to decrypt; Emil a key with an old certificate; Fay's key may only sign digests.
lab_key demo dora-sign 11 rsa:2048
lab_key demo dora-decrypt 12 rsa:2048
lab_key demo emil 13 EC:prime256v1
lab_key demo fay 14 EC:prime256v1
lab_certificate dora-sign dora@example.org 3650 digitalSignature
lab_certificate dora-decrypt dora@example.org 3650 keyEncipherment
lab_certificate emil emil@example.org 1
cp "$LAB/certificates/emil.pem" "$LAB/certificates/emil-old.pem"
lab_import demo emil 13
lab_certificate emil emil@example.org
lab_certificate fay fay@example.org
for key in dora-sign:11 dora-decrypt:12 emil:13 fay:14; do
  lab_import demo "${key%:*}" "${key#*:}"
done
lab_token locked
lab_key locked gina 21 rsa:2048
lab_certificate gina gina@example.org
lab_import locked gina 21
lab_bus
lab_config
lab_config_token demo
lab_config_token locked
rm "$LAB_CONFIG/locked.pin"
sed -i '/pin-file/d' "$LAB_CONFIG/tokens.d/locked.conf"
lab_config_policy <<END
most: {
    user      = "$LAB_USER"
    key       = "pkcs11:"
    operation = ["sign", "decrypt"]
    purpose   = ["smime", "cms"]
    effect    = "allow"
}

not-fay: {
    user      = "$LAB_USER"
    key       = "pkcs11:token=demo;object=fay"
    purpose   = ["smime", "cms"]
    effect    = "deny"
}

fay: {
    user      = "$LAB_USER"
    key       = "pkcs11:token=demo;object=fay"
    operation = ["sign", "decrypt"]
    purpose   = ["csr", "raw"]
    effect    = "allow"
}
END
lab_signetd demo=ready locked=locked
mkdir "$LAB/work"
cd "$LAB/work"
mail=$SIGNET_SOURCE/tests/lab/mail/mail.eml
ca=$LAB/certificates/ca.pem certificates=$LAB/certificates

# mail_from WHO: the mail as that person sends it, in WHO.eml.
mail_from() {
  sed "s/^From: .*/From: $1@example.org/" "$mail" >"$1.eml"
}

# signed_by CERTIFICATE: openssl accepts signed.eml, and it was signed by that one.
signed_by() {
  check '  openssl accepts it' openssl cms -verify -in signed.eml -CAfile "$ca" -out content.eml -signer signer.pem
  same "  it was signed by $1" "$(openssl x509 -in signer.pem -noout -serial)" "$(openssl x509 -in "$certificates/$1.pem" -noout -serial)"
  same '  every part came through' "$(mail_parts content.eml)" "$(mail_parts "$mail")"
}

# --- which key -----------------------------------------------------------------------------------------------

check 'the From address chooses' from "$mail" to signed.eml signet-smime sign
check '  openssl accepts it' openssl cms -verify -in signed.eml -CAfile "$ca" -out /dev/null
for key in alice-rsa alice-ec; do
  id=$(openssl x509 -in "$certificates/$key.pem" -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -r | cut -c 1-12)
  printf 'pkcs11:token=demo;object=%s\n' "$key" >"$key.key"
  { echo '-----BEGIN SIGNET KEY-----'; printf 'pkcs11:token=demo;object=%s' "$key" | base64 -w 0; printf '\n-----END SIGNET KEY-----\n'; } >"$key.pem"
  for name in "pkcs11:token=demo;object=$key" "$id" "$key.key" "./$key.pem"; do
    check "--key $name" from "$mail" to signed.eml signet-smime sign --key "$name"
    signed_by "$key"
  done
  check "-signer alone finds $key" to sig signet-smime -sign -signer "$certificates/$key.pem" -in "$mail" -outform DER -binary
  check '  openssl accepts it' openssl cms -verify -inform DER -in sig -content "$mail" -binary -CAfile "$ca" -out /dev/null
done
check 'RSASSA-PSS' from "$mail" to signed.eml signet-smime sign --key 'pkcs11:token=demo;object=alice-rsa' --pss --digest sha512
signed_by alice-rsa
mail_from emil
check 'a key with two certificates' from emil.eml to signed.eml signet-smime sign
signed_by emil
check 'opaque' from "$mail" to signed.eml signet-smime sign --opaque --key 'pkcs11:token=demo;object=alice-ec'
signed_by alice-ec

mail_from dora
check 'a key to sign and another to decrypt' from dora.eml to signed.eml signet-smime sign
signed_by dora-sign
openssl cms -cmsout -print -in signed.eml >printed
wanted=$(openssl x509 -in "$certificates/dora-decrypt.pem" -noout -serial | cut -d= -f2)
check '  the signature says which certificate to encrypt for' grep -q "id-smime-aa-encrypKeyPref" printed
check '  it is the other' sh -c "sed -n '/encrypKeyPref/,\$p' printed | grep -q ':0*$wanted'"
check '  and brings it along' sh -c "openssl cms -verify -noverify -in signed.eml -certsout all.pem -out /dev/null && test \$(grep -c BEGIN all.pem) -eq 2"

# --- decrypting ----------------------------------------------------------------------------------------------

for key in alice-rsa alice-ec dora-decrypt emil emil-old; do
  openssl cms -encrypt -aes256 -in "$mail" -out encrypted.eml "$certificates/$key.pem"
  check "decrypted with the key of $key" from encrypted.eml to decrypted.eml signet-smime decrypt
  same '  every part came through' "$(mail_parts decrypted.eml)" "$(mail_parts "$mail")"
done
for to in alice emil; do
  for option in '' --oaep '--cipher aes-256-gcm'; do
    # shellcheck disable=SC2086 # options are words
    check "encrypted for a certificate on the token: $to $option" from "$mail" to encrypted.eml signet-smime encrypt --to "$to@example.org" $option
    check '  decrypted' from encrypted.eml to decrypted.eml signet-smime decrypt
    check '  it is what it was' cmp decrypted.eml "$mail"
  done
done
check 'signed and encrypted, for oneself as well' from "$mail" to encrypted.eml signet-smime encrypt --sign --to emil@example.org --to-self
check '  decrypted by alice' from encrypted.eml to opened.eml signet-smime decrypt --key alice@example.org
check '  who sees who wrote it' from opened.eml signet-smime verify --ca-file "$ca"
check 'mutt: decrypt, without a key named' to decrypted.eml from /dev/null signet-smime -decrypt -passin stdin -in encrypted.eml -recip "$certificates/emil.pem"

# --- refused -------------------------------------------------------------------------------------------------

status_of 3 'several keys' from "$mail" signet-smime sign --key 'pkcs11:token=demo'
check '  it is said' grep -q 'Ambiguous' "$LAB/err"
status_of 3 'an Ed25519 key' from "$mail" signet-smime sign --key 'pkcs11:token=demo;object=alice-ed'
check '  it is said' grep -q 'NotSupported.*Ed25519' "$LAB/err"
status_of 3 'the key of an address without the address' from "$mail" signet-smime sign --key 'pkcs11:token=demo;object=emil'
check '  it is said' grep -q 'WrongAddress' "$LAB/err"
status_of 3 'nobody' from "$mail" signet-smime sign --from nobody@example.org
check '  it is said' grep -q 'NoSuchKey.*nobody@example.org' "$LAB/err"
mail_from fay
status_of 3 'a key that policy keeps from mail' from fay.eml signet-smime sign
check '  it is said' grep -q 'NotAuthorized' "$LAB/err"
openssl cms -encrypt -aes256 -in "$mail" -out encrypted.eml "$certificates/fay.pem"
status_of 3 'and from decrypting: that is no failed decryption' from encrypted.eml signet-smime decrypt
check '  it is said' grep -q 'NotAuthorized' "$LAB/err"
mail_from gina
status_of 3 'a locked token' from gina.eml signet-smime sign
check '  it is said, and what to do' grep -q 'Unavailable.*unlock' "$LAB/err"
openssl cms -encrypt -aes256 -in "$mail" -out encrypted.eml "$certificates/gina.pem"
status_of 3 'a locked token, decrypting' from encrypted.eml signet-smime decrypt
check '  it is said, and what to do' grep -q 'Unavailable.*unlock' "$LAB/err"
openssl cms -encrypt -aes256 -in "$mail" -out encrypted.eml "$certificates/gina.pem" "$certificates/emil.pem"
check 'with another key that it is encrypted for, it works' from encrypted.eml to decrypted.eml signet-smime decrypt

# The padding of a content key, another length, another key's ciphertext: one status, one sentence.
openssl cms -encrypt -aes256 -in "$mail" -outform DER -out enc "$certificates/alice-rsa.pem"
offset=$(openssl asn1parse -inform DER -in enc | awk -F'[: =]+' '/prim: OCTET STRING/ { print $2 + 4; exit }')
for change in 0 100 255 content; do
  cp enc changed
  case "$change" in
    content) at=$(($(stat -c %s enc) - 10)) ;;
    *) at=$((offset + change)) ;;
  esac
  printf '\125' | dd of=changed bs=1 seek="$at" conv=notrunc 2>/dev/null
  status_of 4 "changed at $change" signet-smime -decrypt -inform DER -in changed
  cat "$LAB/err" >>sentences
done
same 'one sentence for all' "$(sort -u sentences | grep -c DecryptionFailed)" 1
same '  and no other' "$(sort -u sentences | wc -l)" 1

# --- what signetd saw ----------------------------------------------------------------------------------------

signetctl audit show "$LAB/audit/audit.log" >audit.txt
check 'signatures were asked for as S/MIME' grep -q 'sign:smime *alice-rsa *allowed' audit.txt
check 'and content keys as those of CMS' grep -q 'decrypt:cms *emil *allowed' audit.txt
check 'never anything else' sh -c '! grep -qE "sign:digest|decrypt:raw" audit.txt'

status_of 3 'there is no room for temporary files' from "$mail" env "TMPDIR=$LAB/nowhere" signet-smime sign
check '  it says where' grep -q "temporary file in $LAB/nowhere" "$LAB/err"
lab_stop signetd
status_of 3 'signetd is gone' from "$mail" signet-smime sign
check '  it is said' grep -q 'Unavailable' "$LAB/err"
check_done
