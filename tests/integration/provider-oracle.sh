#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Whoever sends ciphertexts to a program that decrypts with our provider, and sees how it ends and what it says, learns nothing of the padding: good and
# bad PKCS#1 v1.5 end alike, alone and inside of CMS. And a right to mail is no right to sign what is none.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

lab_begin provider-oracle
lab_demo_token
lab_bus
lab_config
lab_config_token demo
lab_config_policy <<END
mail: {
    user      = "$LAB_USER"
    key       = "pkcs11:token=demo;object=alice-*"
    operation = ["sign", "decrypt"]
    purpose   = ["smime", "cms"]
    effect    = "allow"
}
END
lab_signetd demo=ready
mkdir -m 1777 "$LAB/work"
cd "$LAB/work"
provider=(-provider signet -provider default)
key='pkcs11:token=demo;object=alice-rsa'
certificate=$LAB/certificates/alice-rsa.pem

# --- PKCS#1 v1.5 ---------------------------------------------------------------------------------------------

# block NAME TYPE PADDING MESSAGE: a block of 256 bytes, 00 TYPE, so many bytes that are not zero, 00 and so many of a message, encrypted as it is.
block() {
  {
    printf '%b' "\\x$([ "$1" = first-byte ] && echo 01 || echo 00)\\x$2"
    tr -d '\0' </dev/urandom | head -c "$3"
    [ "$3" -eq 254 ] || printf '\0'
    tr -d '\0' </dev/urandom | head -c "$4"
  } >block
  openssl pkeyutl -encrypt -certin -inkey "$certificate" -pkeyopt rsa_padding_mode:none -in block -out "$1"
}
block good-16 02 237 16
block good-32 02 221 32
block good-5 02 248 5
block good-48 02 205 48
block empty 02 253 0
block type-1 01 237 16
block no-end 02 254 0
block short-padding 02 4 249
block first-byte 02 237 16
blocks=(good-16 good-32 good-5 good-48 empty type-1 no-end short-padding first-byte)

for name in "${blocks[@]}"; do
  for try in one two; do
    openssl pkeyutl "${provider[@]}" -decrypt -inkey "$key" -in "$name" -out "$try" 2>errors || check_failed "$name is decrypted" "$(cat errors)"
  done
  check "$name: the same plaintext each time" cmp one two
  case $(stat -c %s one) in
    16 | 24 | 32) ;;
    *) check_failed "$name gives a content key" "$(stat -c %s one) bytes" ;;
  esac
  same "$name: nothing is said" "$(cat errors)" ''
done

# --- CMS -----------------------------------------------------------------------------------------------------

printf 'the mail' >mail
openssl cms -encrypt -aes256 -binary -in mail -outform DER -out mail.der "$certificate"
check 'the mail is decrypted' openssl cms -decrypt "${provider[@]}" -inkey "$key" -inform DER -in mail.der -out plain
at=$(openssl asn1parse -inform DER -in mail.der | sed -n 's/^ *\([0-9]*\):d=[0-9]* *hl=4 l= *256 prim: OCTET STRING.*/\1/p')

# ending RECIPIENT...: how openssl ends, what it says without numbers of processes and places in the source
ending() {
  local status=0
  openssl cms -decrypt "${provider[@]}" -inkey "$key" "$@" -inform DER -in changed.der -out plain >said 2>&1 || status=$?
  # One wrong key in 256 ends in what looks like padding, and OpenSSL then says nothing: with a good block, too.
  [ "$status" -ne 0 ] || echo 'bad decrypt' >said
  [ "$status" -eq 0 ] || [ "$status" -eq 4 ] || echo "status $status"
  grep -o 'bad decrypt' said || cat said
}
for name in "${blocks[@]}"; do
  { head -c $((at + 4)) mail.der && cat "$name" && tail -c +$((at + 4 + 256 + 1)) mail.der; } >changed.der
  same "CMS with $name" "$(ending)" 'bad decrypt'
  same 'and where the certificate is named' "$(ending -recip "$certificate")" 'bad decrypt'
done

# --- what a right to mail does not sign ----------------------------------------------------------------------

# der TAG FILE...: what stands in the files under this tag
der() {
  local n tag=$1
  shift
  cat "$@" >content
  n=$(stat -c %s content)
  if [ "$n" -lt 128 ]; then
    printf '%b' "\\x$tag\\x$(printf %02x "$n")"
  else
    printf '%b' "\\x$tag\\x82\\x$(printf %02x $((n / 256)))\\x$(printf %02x $((n % 256)))"
  fi
  cat content
}
digest() {
  refuse "$1" 'not authorized|invalid input' openssl dgst "${provider[@]}" -sha256 -sign "$key" -out signature "$2"
}
{ head -c 64 /dev/zero | tr '\0' ' ' && printf 'TLS 1.3, client CertificateVerify\0' && head -c 32 /dev/urandom; } >handshake
digest 'a TLS handshake' handshake
openssl asn1parse -in "$certificate" -strparse 4 -noout -out tbs >/dev/null
digest 'a certificate' tbs
der 31 tbs >wrapped
digest 'a certificate in a SET' wrapped
# Attributes as CMS wants them, and more behind them, before them, around them, or of a content that no mail has.
openssl cms -sign -signer "$LAB/certificates/ca.pem" -inkey "$LAB/ca/ca.key" -binary -in mail -outform DER -out signed.der
at=$(openssl asn1parse -inform DER -in signed.der | sed -n 's/^ *\([0-9]*\):d=5 .*cont \[ 0 \].*/\1/p' | tail -n 1)
openssl asn1parse -inform DER -in signed.der -strparse "$at" -noout -out implicit >/dev/null
{ printf '\x31' && tail -c +2 implicit; } >attributes
check 'attributes of a mail are signed' openssl dgst "${provider[@]}" -sha256 -sign "$key" -out signature attributes
cat attributes tbs >behind
digest 'a certificate behind attributes' behind
cat tbs attributes >before
digest 'a certificate before attributes' before
digest 'attributes with their own tag' implicit
sed 's/\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01/\x2a\x86\x48\x86\xf7\x0d\x01\x07\x05/' attributes >other
digest 'attributes of a content that no mail has' other
check_done
