#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# signet-smime with keys in files, without signetd: every way to sign and encrypt, judged by plain openssl, NSS and gpgsm; what is refused, with
# which status; and 50 MB in little memory.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"
# shellcheck source=tests/lab/smime.sh
. "$SIGNET_SOURCE/tests/lab/smime.sh"

lab_begin smime
lab_ca
people
unset DBUS_SYSTEM_BUS_ADDRESS
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$LAB_RUN/no-bus # nobody is there
mkdir "$LAB/work"
cd "$LAB/work"
mail=$SIGNET_SOURCE/tests/lab/mail/mail.eml
ca=$LAB/certificates/ca.pem
keys=$LAB/keys certificates=$LAB/certificates

# --- signing, judged by openssl ------------------------------------------------------------------------------

# signed_well DESCRIPTION MAIL OPTION...: signs it and has openssl and signet-smime verify it; in CRLF as well, as it travels.
signed_well() {
  local description=$1 from=$2
  shift 2
  check "$description" from "$from" to signed.eml signet-smime sign "$@"
  sed 's/\r*$/\r/' signed.eml >travelled.eml
  check '  openssl accepts it' openssl cms -verify -in signed.eml -CAfile "$ca" -out content.eml
  same '  every part came through' "$(mail_parts content.eml)" "$(mail_parts "$from")"
  check '  so does signet-smime' from signed.eml signet-smime verify --ca-file "$ca"
  check '  and after it travelled' from travelled.eml signet-smime verify --ca-file "$ca"
}

for key in alice alice-ec; do
  with "$key"
  for option in '' --opaque '--digest sha512'; do
    # shellcheck disable=SC2086 # options are words
    signed_well "$key signs $option" "$mail" "${with[@]}" $option
  done
done
with alice
signed_well 'RSASSA-PSS' "$mail" "${with[@]}" --pss
signed_well 'RSASSA-PSS, opaque' "$mail" "${with[@]}" --pss --opaque

{
  printf 'From: alice@example.org\nSubject: 8 bits\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n'
  printf -- '--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nZ\303\274rich \t\nFrom here\n.\n'
  printf -- '--b\nContent-Type: application/octet-stream; name="\303\234bung.bin"\nContent-Transfer-Encoding: binary\n\n'
  printf 'a\nb\n\377\000\n'
  printf -- '--b\nContent-Type: text/plain\n\n'
  head -c 3000 /dev/zero | tr '\0' x
  printf '\n--b--\n'
} >odd.eml
signed_well 'a mail with 8-bit text, binary data and a long line' odd.eml "${with[@]}"
check '  it is in 7 bits' sh -c '! LC_ALL=C grep -nP "[\x80-\xff\r]|^.{999}|^From here" signed.eml'
signed_well 'the same, opaque' odd.eml "${with[@]}" --opaque

check 'signed' from "$mail" to signed.eml signet-smime sign "${with[@]}"
sed 's/12=E2=80=AF500/92=E2=80=AF500/' signed.eml >changed.eml
signet-smime verify --ca-file "$ca" --json <changed.eml >report 2>err || true
check 'JSON says what is wrong' grep -q '^{"good":false,"valid":false.*changed' report
refuse 'without the authority, the signature is good and nobody trusts it' '^chain: *NOT TRUSTED' from signed.eml signet-smime verify
refuse 'and the way on is named' 'fits the mail, but its certificate is not trusted.*--ca-file FILE' from signed.eml signet-smime verify
refuse 'nor is another sender believed' 'good, but not the sender' from signed.eml signet-smime verify --ca-file "$ca" --from mallory@example.org
check 'what was signed can be had' signet-smime verify --in signed.eml --ca-file "$ca" --out content.eml
same '  it is what was signed' "$(mail_parts content.eml)" "$(mail_parts "$mail")"

# --- encrypting ----------------------------------------------------------------------------------------------

for key in bob bob-ec; do
  for option in '' --oaep '--cipher aes-128-cbc' '--cipher aes-256-gcm'; do
    # shellcheck disable=SC2086
    check "encrypted for $key $option" from "$mail" to encrypted.eml signet-smime encrypt --to bob@example.org --cert "$certificates/$key.pem" $option
    check '  openssl decrypts it' openssl cms -decrypt -in encrypted.eml -recip "$certificates/$key.pem" -inkey "$keys/$key.key" -out decrypted.eml
    same '  every part came through' "$(mail_parts decrypted.eml)" "$(mail_parts "$mail")"
    with "$key"
    check '  so does signet-smime' from encrypted.eml to decrypted.eml signet-smime decrypt "${with[@]}"
    check '  and the mail is what it was' cmp decrypted.eml "$mail"
  done
done

openssl cms -encrypt -keyid -stream -aes256 -in "$mail" -out encrypted.eml -recip "$certificates/bob.pem"
check 'a recipient by key identifier, without a certificate' from encrypted.eml to decrypted.eml signet-smime decrypt --key "$keys/bob.key"
lab_certificate bob bob@example.org # a new one for the same key
openssl cms -encrypt -aes256 -in "$mail" -out encrypted.eml "$certificates/bob.pem"
cp "$certificates/bob.pem" old.pem
lab_certificate bob bob@example.org
with bob
status_of 3 'a mail for an old certificate is not found by the new one' from encrypted.eml signet-smime decrypt "${with[@]}"
check 'but by the old one' from encrypted.eml to decrypted.eml signet-smime decrypt "${with[@]}" --cert old.pem

mkdir folder
cp "$certificates/bob-ec.pem" folder/bob.crt
openssl x509 -in "$certificates/alice.pem" -outform DER -out folder/alice.der
printf 'no certificate\n' >folder/note.pem
check 'for To, from a folder of certificates, signed, and for oneself' from "$mail" to encrypted.eml signet-smime encrypt --sign --key "$keys/alice.key" \
  --cert "$certificates/alice.pem" --cert-dir folder --to bob@example.org --to-self
for key in bob-ec alice; do
  with "$key"
  check "  $key opens it" from encrypted.eml to opened.eml signet-smime decrypt "${with[@]}"
  check '  and sees who wrote it' from opened.eml signet-smime verify --ca-file "$ca"
done

# --- mutt's commands -----------------------------------------------------------------------------------------

# Standard error is looked at, too: mutt does.
mute() {
  "$@" 2>err
}
said() {
  same "$1" "$(cat err)" "$2"
}

echo secret >passphrase
sed 's/$/\r/' "$mail" >body
check 'mutt: sign' from passphrase to sig mute signet-smime -sign -md sha256 -signer "$certificates/alice.pem" -inkey "$keys/alice.key" -passin stdin \
  -in "$mail" -certfile "$ca" -outform DER
said '  nothing is said' ''
check '  openssl smime accepts it' openssl smime -verify -inform DER -in sig -content body -CAfile "$ca" -out /dev/null
check 'mutt: verify' to out mute signet-smime -verify -inform DER -in sig -CAfile "$ca" -content body
said '  it is said as mutt wants it' 'Verification successful'
to_nobody() {
  (set -o pipefail; "$@" | true)
}
{ cat body; head -c 300000 /dev/zero | tr '\0' x; } >long
check '  of a long mail' from long to long.sig signet-smime -sign -signer "$certificates/alice.pem" -inkey "$keys/alice.key" -outform DER
check '  a reader that goes away changes nothing' to_nobody mute signet-smime -verify -inform DER -in long.sig -CAfile "$ca" -content long
sed 's/Friday/Sunday/' body >changed
status=0
signet-smime -verify -inform DER -in sig -CAfile "$ca" -content changed >out 2>err || status=$?
same 'mutt: verify a changed mail' "$status $(cat out)" '4 '
same '  the first line' "$(head -n 1 err)" 'Verification failure'
check 'mutt: encrypt' to enc mute signet-smime -encrypt -aes256 -outform DER -in "$mail" "$certificates/alice.pem" "$certificates/bob-ec.pem"
said '  nothing is said' ''
check '  openssl decrypts it' openssl cms -decrypt -inform DER -in enc -recip "$certificates/bob-ec.pem" -inkey "$keys/bob-ec.key" -out decrypted.eml
check 'mutt: decrypt' from passphrase to decrypted.eml mute signet-smime -decrypt -passin stdin -inform DER -in enc -inkey "$keys/alice.key" \
  -recip "$certificates/alice.pem"
said '  nothing is said' ''
same '  every part came through' "$(mail_parts decrypted.eml)" "$(mail_parts "$mail")"
check 'mutt: opaque' signet-smime -sign -nodetach -signer "$certificates/alice.pem" -inkey "$keys/alice.key" -in "$mail" -outform DER -out opaque
check '  verify' to out mute signet-smime -verify -inform DER -in opaque -CAfile "$ca"
same '  every part came through' "$(mail_parts out)" "$(mail_parts "$mail")"
check 'mutt: certificates of a mail' sh -c 'signet-smime -verify -in signed.eml -noverify -pk7out | openssl pkcs7 -print_certs | grep -q "CN = alice"'
# mutt makes the file before and keeps it open.
: >signer.pem
exec 9<signer.pem
check 'mutt: certificate of the signer' signet-smime -verify -in signed.eml -noverify -signer signer.pem -out /dev/null
same '  it is alice'"'"'s' "$(openssl x509 -noout -serial <&9)" "$(openssl x509 -in "$certificates/alice.pem" -noout -serial)"
exec 9<&-

for form in SMIME DER PEM; do
  check "openssl signs, form $form" openssl smime -sign -signer "$certificates/alice.pem" -inkey "$keys/alice.key" -in "$mail" -outform "$form" -nodetach -out opaque
  check '  signet-smime verifies it' signet-smime -verify -inform "$form" -in opaque -CAfile "$ca" -out /dev/null
  check "signet-smime encrypts, form $form" signet-smime -encrypt -outform "$form" -in "$mail" -out enc "$certificates/bob.pem"
  check '  openssl decrypts it' openssl smime -decrypt -inform "$form" -in enc -recip "$certificates/bob.pem" -inkey "$keys/bob.key" -out decrypted.eml
  same '  every part came through' "$(mail_parts decrypted.eml)" "$(mail_parts "$mail")"
done

# --- NSS and gpgsm, where they can do without a token --------------------------------------------------------

with alice
if command -v cmsutil >/dev/null; then
  database=sql:$LAB/work/nss
  mkdir nss
  lab_quietly certutil -N -d "$database" --empty-password
  lab_quietly certutil -A -d "$database" -n CA -t CT,CT,CT -i "$ca"
  lab_quietly openssl pkcs12 -export -inkey "$keys/bob.key" -in "$certificates/bob.pem" -name bob -passout pass: -out bob.p12
  lab_quietly pk12util -i bob.p12 -d "$database" -W ''
  check 'opaque' from "$mail" to signed.eml signet-smime sign --opaque "${with[@]}"
  sed '1,/^$/d' signed.eml | base64 -d >opaque
  check '  NSS accepts it' cmsutil -D -d "$database" -i opaque -o content.eml
  same '  every part came through' "$(mail_parts content.eml)" "$(mail_parts "$mail")"
  check 'NSS signs, opaque' cmsutil -S -d "$database" -N bob -G -H SHA256 -i "$mail" -o nss.p7m
  check '  signet-smime accepts it' signet-smime -verify -inform DER -in nss.p7m -CAfile "$ca" -out content.eml
  same '  every part came through' "$(mail_parts content.eml)" "$(mail_parts "$mail")"
  check 'NSS signs, detached' cmsutil -S -d "$database" -N bob -T -G -H SHA256 -i "$mail" -o nss.p7s
  check '  signet-smime accepts it' signet-smime -verify -inform DER -in nss.p7s -content "$mail" -binary -CAfile "$ca" -out /dev/null
else
  skip 'cmsutil is missing; install libnss3-tools'
fi
if command -v gpgsm >/dev/null; then
  export GNUPGHOME=$LAB_RUN/gnupg
  mkdir -m 0700 "$GNUPGHOME"
  lab_at_end gpgconf --kill all
  printf '%s\n' disable-crl-checks disable-dirmngr >"$GNUPGHOME/gpgsm.conf"
  printf '%s S relax\n' "$(openssl x509 -in "$ca" -noout -fingerprint -sha1 | cut -d= -f2)" >"$GNUPGHOME/trustlist.txt"
  lab_quietly gpgsm --batch --import "$ca"
  check 'opaque' from "$mail" to signed.eml signet-smime sign --opaque "${with[@]}"
  sed '1,/^$/d' signed.eml | base64 -d >opaque
  check '  gpgsm accepts it' gpgsm --batch --yes --verify --output content.eml opaque
else
  skip 'gpgsm is missing; install gpgsm'
fi

# --- refused -------------------------------------------------------------------------------------------------

file_key small RSA rsa_keygen_bits:1024
file_key old EC ec_paramgen_curve:P-256
file_key ed ED25519
lab_certificate old alice@example.org -1
openssl req -x509 -key "$keys/small.key" -out "$certificates/small.pem" -subj /CN=small -addext subjectAltName=email:alice@example.org
openssl req -x509 -key "$keys/ed.key" -out "$certificates/ed.pem" -subj /CN=ed -addext subjectAltName=email:alice@example.org
sign() { signet-smime sign "${with[@]}" "$@"; }
for key in old small ed; do
  with "$key"
  status_of 3 "a certificate that is $key" from "$mail" sign
done
with alice
status_of 3 'a certificate of another key' from "$mail" signet-smime sign --key "$keys/bob.key" --cert "$certificates/alice.pem"
status_of 3 'a key file without a certificate' from "$mail" signet-smime sign --key "$keys/alice.key"
status_of 3 'an address that the certificate has not' from "$mail" sign --from bob@example.org
sed 's/^From: .*/From: Bob <bob@example.org>/' "$mail" >bob.eml
status_of 3 'a From that the certificate has not' from bob.eml sign
status_of 3 'no signetd' from "$mail" signet-smime sign
printf 'Subject: x\n\nhi\n' >nobody.eml
status_of 4 'a mail without From' from nobody.eml signet-smime sign
status_of 4 'an empty mail' from /dev/null sign
printf 'From: alice@example.org\nX: \0\n\nhi\n' >nul.eml
status_of 4 'a NUL in the header' from nul.eml sign
printf 'From: alice@example.org\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nhi\n' >open.eml
status_of 4 'a multipart that is not closed' from open.eml sign
head -c 30000 /dev/urandom >noise
status_of 4 'noise' from noise sign
status_of 4 'noise to decrypt' from noise signet-smime decrypt "${with[@]}"
status_of 4 'noise to verify' from noise signet-smime verify
status_of 1 'a mail that is not signed' from "$mail" signet-smime verify
status_of 4 'a mail that is not encrypted' from "$mail" signet-smime decrypt "${with[@]}"
status_of 3 'no certificate for a recipient' from "$mail" signet-smime encrypt --to nobody@example.org --cert "$certificates/bob.pem"
status_of 3 'an expired certificate for a recipient' from "$mail" signet-smime encrypt --to alice@example.org --cert "$certificates/old.pem"
status_of 2 'an address that is none' from "$mail" signet-smime encrypt --to bob --cert "$certificates/bob.pem"
status_of 3 'a cipher that is none' from "$mail" signet-smime encrypt --cert "$certificates/bob.pem" --cipher rot13
status_of 3 'a digest that is broken' from "$mail" sign --digest md5
status_of 3 'a file that is not there' signet-smime sign --in /nonexistent
status_of 2 'options of another command' signet-smime sign --to bob@example.org
status_of 2 'no command' signet-smime
status_of 1 'an option of openssl that is not known' signet-smime -sign -econtent_type x

# --- decrypting tells nothing --------------------------------------------------------------------------------

with bob
check 'encrypted' from "$mail" to encrypted.eml signet-smime encrypt --to bob@example.org --cert "$certificates/bob.pem"
printf 'untouched\n' >kept
sentences=
for change in content padding key; do
  sed '1,/^$/d' encrypted.eml | base64 -d >enc
  case "$change" in
    content) at=$(($(stat -c %s enc) / 2)) ;;
    padding) at=$(($(stat -c %s enc) - 20)) ;;
    key) at=300 ;; # within the RSA ciphertext
  esac
  printf '\125\252' | dd of=enc bs=1 seek="$at" conv=notrunc 2>/dev/null
  { sed '/^$/q' encrypted.eml; base64 enc; } >changed.eml
  status=0
  signet-smime decrypt "${with[@]}" --out kept <changed.eml 2>err || status=$?
  sentences+="$status $(cat err)
"
done
same 'whatever is wrong with a ciphertext, one sentence' "$(sort -u <<<"$sentences" | grep -c .)" 1
check '  it is the status for it' grep -q '^5 ' <<<"$sentences"
same '  and the old file stays' "$(cat kept)" untouched

# --- revocation and intermediates ----------------------------------------------------------------------------

cat >ca.cnf <<END
[ca]
default_ca = d
[d]
database = $LAB/work/index.txt
default_md = sha256
default_crl_days = 30
END
: >index.txt
with alice
check 'signed' from "$mail" to signed.eml signet-smime sign "${with[@]}"
lab_quietly openssl ca -config ca.cnf -gencrl -cert "$ca" -keyfile "$LAB/ca/ca.key" -out empty.crl
check 'not revoked' signet-smime verify --in signed.eml --ca-file "$ca" --crl-file empty.crl
lab_quietly openssl ca -config ca.cnf -revoke "$certificates/alice.pem" -cert "$ca" -keyfile "$LAB/ca/ca.key"
lab_quietly openssl ca -config ca.cnf -gencrl -cert "$ca" -keyfile "$LAB/ca/ca.key" -out full.crl
refuse 'revoked' 'revoked' signet-smime verify --in signed.eml --ca-file "$ca" --crl-file full.crl

# --- 50 MB in little memory ----------------------------------------------------------------------------------

{
  printf 'From: alice@example.org\nTo: bob@example.org\nMIME-Version: 1.0\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n'
  head -c $((37 * 1024 * 1024)) /dev/urandom | base64
} >big.eml
{
  printf 'From: alice@example.org\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n'
  yes "$(printf 'Gr\303\274\303\237e aus Z\303\274rich, eine Zeile wie jede andere.')" | head -c $((50 * 1024 * 1024))
} >big8.eml
limited() { (ulimit -v 150000 && "$@"); }
if lab_sanitized; then
  limited() { "$@"; }
fi
with alice
check '50 MB signed' from big.eml to signed.eml limited signet-smime sign "${with[@]}"
check '50 MB verified' from signed.eml to /dev/null limited signet-smime verify --ca-file "$ca"
check 'by openssl as well' openssl cms -verify -in signed.eml -CAfile "$ca" -out /dev/null
check '50 MB signed, opaque' from big.eml to signed.eml limited signet-smime sign --opaque "${with[@]}"
check '50 MB verified' from signed.eml to /dev/null limited signet-smime verify --ca-file "$ca"
check '50 MB of 8-bit text signed' from big8.eml to signed.eml limited signet-smime sign "${with[@]}"
check '50 MB encrypted' from big.eml to encrypted.eml limited signet-smime encrypt --cert "$certificates/bob.pem"
with bob
check '50 MB decrypted' from encrypted.eml to decrypted.eml limited signet-smime decrypt "${with[@]}"
check '  they are what they were' cmp big.eml decrypted.eml
check_done
