#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# NSS's own tools with the module in their database, as docs/clients/nss.md says: cmsutil and p7sign sign, plain openssl verifies; openssl and cmsutil
# encrypt, cmsutil decrypts.
set -eu
# shellcheck source=tests/clients/clients.sh
. "$SIGNET_SOURCE/tests/clients/clients.sh"
# shellcheck source=tests/clients/pkcs11.sh
. "$SIGNET_SOURCE/tests/clients/pkcs11.sh"
client_needs modutil:libnss3-tools certutil:libnss3-tools cmsutil:libnss3-tools p7sign:libnss3-tools
client_needs_root 'alice has a home of her own'

pkcs11_begin nss
pkcs11_rule nss 'The rule'
lab_signetd demo=ready
mkdir -m 1777 "$LAB/work"
cd "$LAB/work"
ca=$LAB/certificates/ca.pem
db=sql:$LAB/home/alice/.pki/nssdb
printf 'The offer: 12 francs.\n' >offer.txt
cp "$ca" ca.pem

# nss TOOL OPTION...: alice runs it on her database.
nss() {
  local tool=$1
  shift
  lab_as alice "$tool" -d "$db" "$@" || return 1 # certutil's 255 looks like a signal
}

# verified KEY: plain openssl accepts offer.p7s as made with this key.
verified() {
  check "openssl accepts what cmsutil signed: $1" plain openssl cms -verify -binary -inform DER -in offer.p7s -content offer.txt -CAfile "$ca" \
    -signer signer.pem -out /dev/null
  same "signed with $1" "$(openssl x509 -in signer.pem -noout -serial)" "$(openssl x509 -in "$LAB/certificates/$1.pem" -noout -serial)"
}

# opens FILE: cmsutil shows the offer.
opens() {
  nss cmsutil -D -i "$1" >opened.txt && cmp opened.txt offer.txt
}

# lists PATTERN COMMAND...: it shows a line like this.
lists() {
  local pattern=$1
  shift
  "$@" | grep -E "$pattern"
}

pkcs11_page nss '## The module' >module.sh
check 'the database is made' lab_as alice sh -e module.sh
pkcs11_page nss 'with no PIN' | sed 's/-h mail/-h demo/' >list.sh
check 'the commands that list work' lab_as alice sh -e list.sh
check 'modutil shows the token' lists 'token: demo' lab_as alice modutil -dbdir "$db" -list
for key in alice-rsa alice-ec; do
  check "certutil lists the key $key" lists "$key" nss certutil -K -h demo
  check "certutil lists the certificate demo:$key" lists "demo:$key +u,u,u" nss certutil -L -h demo
done
pkcs11_page nss 'decrypts what is for an RSA key' | sed -n 's/mail:alice/demo:alice-rsa/; 1p' >sign.sh
check 'cmsutil signs, as the page says' lab_as alice sh -e sign.sh
verified alice-rsa
check 'cmsutil signs, P-256' nss cmsutil -S -N demo:alice-ec -T -G -H SHA256 -i offer.txt -o offer.p7s
verified alice-ec
cp offer.txt other.txt
check 'NSS accepts it too' nss cmsutil -D -n -i offer.p7s -c offer.txt
echo 99 >>other.txt
refuse 'and not over another text' 'SEC_ERROR|decod|signature' nss cmsutil -D -n -i offer.p7s -c other.txt
for padding in pkcs1 oaep; do
  plain openssl cms -encrypt -aes256 -binary -in offer.txt -outform DER -out $padding.p7m -recip "$LAB/certificates/alice-rsa.pem" -keyopt rsa_padding_mode:$padding
done
check 'cmsutil decrypts, RSA' opens pkcs1.p7m
nss certutil -A -n alice -t ,, -i "$LAB/certificates/alice-rsa.pem"
check 'cmsutil encrypts to her' nss cmsutil -E -r alice@example.org -i offer.txt -o own.p7m
check 'and decrypts that' opens own.p7m
refuse 'no key leaves' 'UNABLE_TO_EXPORT_KEY' nss pk12util -o key.p12 -n demo:alice-rsa -W word
refuse 'p7sign, which knows SHA-1 alone, is refused' 'SEC_ERROR_BAD_DATA' nss p7sign -k demo:alice-rsa -i offer.txt -o offer.p7
same 'what was asked of signetd' "$(pkcs11_asked alice)" 'decrypt:cms sign:digest'

# --- other rules -----------------------------------------------------------------------------------------------

pkcs11_rule mutt 'A rule for everybody'
refuse 'with a right to smime alone cmsutil cannot sign' 'SEC_ERROR' nss cmsutil -S -N demo:alice-rsa -T -G -H SHA256 -i offer.txt -o offer.p7s
check 'but decrypt' opens pkcs1.p7m
pkcs11_no_rule
refuse 'without a rule there are no keys' 'no keys found|could not find the slot' nss certutil -K -h demo
refuse 'and nothing can be decrypted' 'cmsutil' opens pkcs1.p7m
check_done
