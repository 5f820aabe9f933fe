#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Mail that is empty, huge, broken or changed on its way, and certificates that are expired or lack their key: signed and decrypted where that makes
# sense, refused with a sentence where it does not, and never half done.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

lab_begin bad-mail
lab_demo_token
lab_key demo alice-old 05 EC:prime256v1
lab_certificate alice-old old@example.org -1
lab_import demo alice-old 05
# A certificate on the token whose key is elsewhere.
lab_quietly openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$LAB/keys/away.key"
openssl pkey -in "$LAB/keys/away.key" -pubout -out "$LAB/keys/away.pem"
lab_certificate away away@example.org
lab_import demo away 06
lab_bus
lab_config
lab_config_token demo
lab_demo_policy "$LAB_USER"
lab_signetd demo=ready
mkdir "$LAB/work"
cd "$LAB/work"
mail=$SIGNET_SOURCE/tests/lab/mail/mail.eml
ca=$LAB/certificates/ca.pem
sign=(signet-smime sign --from alice@example.org)

# --- certificates --------------------------------------------------------------------------------------------

refuse 'an expired certificate does not sign' 'expired|old@example.org' from "$mail" signet-smime sign --from old@example.org
openssl cms -encrypt -aes256 -in "$mail" -out encrypted.eml "$LAB/certificates/alice-old.pem"
check 'but it still decrypts' from encrypted.eml to decrypted.eml signet-smime decrypt
same 'every part came through' "$(mail_parts decrypted.eml)" "$(mail_parts "$mail")"
refuse 'a certificate without its key does not sign' 'away@example.org' from "$mail" signet-smime sign --from away@example.org
refuse 'an address that nobody has' 'nobody@example.org' from "$mail" signet-smime sign --from nobody@example.org

# --- empty, huge, odd ----------------------------------------------------------------------------------------

printf 'From: alice@example.org\n\n' >empty.eml
check 'a mail without a body is signed' from empty.eml to signed.eml "${sign[@]}"
check 'openssl accepts it' openssl cms -verify -in signed.eml -CAfile "$ca" -out /dev/null
refuse 'nothing at all is no mail' '.' from /dev/null "${sign[@]}"

{
  printf 'From: alice@example.org\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n'
  head -c $((47 * 1024 * 1024)) /dev/zero | base64
} >huge.eml # 64 MB
limited() { (ulimit -v $((memory * 1024)) && "$@"); }
memory=100
lab_sanitized && memory=unlimited && limited() { "$@"; }
check "64 MB are signed in $memory MB of memory" from huge.eml to signed.eml limited "${sign[@]}"
check 'openssl accepts them' openssl cms -verify -in signed.eml -CAfile "$ca" -out content.eml
check 'signet-smime verifies them' from signed.eml to /dev/null limited signet-smime verify --ca-file "$ca"
openssl cms -encrypt -stream -aes256 -in huge.eml -out encrypted.eml "$LAB/certificates/alice-rsa.pem"
check '64 MB are decrypted' from encrypted.eml to decrypted.eml limited signet-smime decrypt
check 'they are what they were' sh -c 'tr -d "\r" <decrypted.eml | cmp - huge.eml'
rm -f huge.eml content.eml

printf 'From: alice@example.org\nContent-Type: multipart/mixed; boundary="b"\n\n--b\nno header here\0and a zero\n--c\n' >broken.eml
status=0
"${sign[@]}" <broken.eml >signed.eml 2>message || status=$?
if [ "$status" -eq 0 ]; then
  check 'broken MIME, if signed, verifies' openssl cms -verify -in signed.eml -CAfile "$ca" -out /dev/null
else
  check 'broken MIME is refused with a sentence' test -s message
fi
head -c 100000 /dev/urandom >noise
refuse 'noise is not decrypted' '.' from noise signet-smime decrypt
refuse 'noise is not verified' '.' from noise signet-smime verify --ca-file "$ca"

# --- changed on the way --------------------------------------------------------------------------------------

check 'signed' from "$mail" to signed.eml "${sign[@]}"
check 'verified' from signed.eml to /dev/null signet-smime verify --ca-file "$ca"
sed 's/12=E2=80=AF500/92=E2=80=AF500/' signed.eml >changed.eml
refuse 'changed words are seen' '.' from changed.eml signet-smime verify --ca-file "$ca"
sed 's/^From: .*/From: Mallory <mallory@example.org>/' signed.eml >changed.eml
refuse 'a From that is not the signer is seen' 'mallory@example.org' from changed.eml signet-smime verify --ca-file "$ca"
head -c 2000 signed.eml >changed.eml
refuse 'a mail cut short is seen' '.' from changed.eml signet-smime verify --ca-file "$ca"

openssl cms -encrypt -aes256 -in "$mail" -out encrypted.eml "$LAB/certificates/alice-rsa.pem"
head -c 1500 encrypted.eml >changed.eml
refuse 'an encrypted mail cut short is refused' '.' from changed.eml to released signet-smime decrypt
check 'and no plaintext was released' test ! -s released
openssl cms -encrypt -aes256 -in "$mail" -out encrypted.eml "$LAB/certificates/bob-rsa.pem"
refuse 'a mail to somebody else is refused' '.' from encrypted.eml signet-smime decrypt

check 'signetd goes on' from "$mail" to signed.eml "${sign[@]}"
check_done
