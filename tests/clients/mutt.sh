#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# mutt on a terminal, set up as docs/clients/mutt.md says: alice signs, encrypts, reads, and sees what was tampered with. Plain openssl judges what
# mutt sends and makes what it is sent. "mutt.sh neomutt" is the same for NeoMutt.
set -eu
# shellcheck source=tests/clients/clients.sh
. "$SIGNET_SOURCE/tests/clients/clients.sh"
# shellcheck source=tests/clients/screen.sh
. "$SIGNET_SOURCE/tests/clients/screen.sh"
# shellcheck source=tests/lab/smime.sh
. "$SIGNET_SOURCE/tests/lab/smime.sh"
mutt=${1-mutt}
client_needs "$mutt" tmux
client_needs_root 'alice has a home of her own'

# --- alice, and carl, whose key is a file and who has plain openssl ---------------------------------------------

lab_begin "client-$mutt"
lab_at_end screen_end_all
lab_demo_token
file_key carl RSA rsa_keygen_bits:2048
lab_certificate carl carl@example.org
lab_bus
lab_config
lab_config_token demo
client_doc mutt '## A rule for everybody' | sed 's/token=mail;object=%u/token=demo;object=%u-*/' | lab_config_policy
lab_signetd demo=ready
mkdir -m 1777 "$LAB/work"
cd "$LAB/work"
ca=$LAB/certificates/ca.pem

# person USER KEY: a home as docs/clients/mutt.md has it made, with a mail folder and, for sendmail, a file.
person() {
  local home=$LAB/home/$1
  cp "$LAB/certificates/$2.pem" "$home/alice.pem"
  cp "$LAB/certificates/carl.pem" "$home/carl.pem"
  { echo 'set -e'; client_doc mutt '## Your certificate'; client_doc mutt '## Other people'; } >"$home/certificates.sh"
  sed -i 's/bob/carl/g' "$home/certificates.sh"
  printf '#!/bin/sh\ncat >"%s/sent.eml"\n' "$home" >"$home/sendmail"
  chmod 0755 "$home/sendmail"
  mkdir -p "$home/mail/cur" "$home/mail/new" "$home/mail/tmp"
  (cd "$home" && HOME=$home sh certificates.sh) || lab_fail 'the commands of docs/clients/mutt.md failed'
  {
    client_doc mutt 'muttrc' | sed "s,/usr/share/doc/signet/smime.rc,$SIGNET_SOURCE/mail/smime.rc,"
    printf 'set %s\n' "smime_ca_location = \"$ca\"" "sendmail = \"$home/sendmail\"" "spoolfile = \"$home/mail\"" "folder = \"$home\"" 'record = ""' \
      'mbox_type = Maildir' 'hostname = example.org' 'editor = /bin/true' 'abort_unmodified = no' 'wait_key = no' 'send_charset = "utf-8"' \
      'edit_headers = yes' 'autoedit = yes' 'pager_index_lines = 0' 'header_cache = ""' "tmpdir = \"$home\""
  } >"$home/.muttrc"
  chown -R "$(lab_uid "$1"):$(lab_uid "$1")" "$home"
}
person alice alice-rsa
person bob alice-rsa # who has no right to her key, and tries

# answer_passphrase PATTERN: Enter, if mutt wants a passphrase before PATTERN stands there.
answer_passphrase() {
  screen_await "passphrase|$1" || return 1
  ! screen_says 'passphrase' || screen_type Enter
  screen_await "$1"
}

# mutt_send USER SETTING: USER writes to carl.
mutt_send() {
  local home=$LAB/home/$1 status=0
  rm -f "$home/sent.eml"
  printf 'Grüezi Carl,\n\nFrom Monday on it costs 12 francs.\n' >body.txt
  screen_start "$1" "cd $home && $mutt -n -F .muttrc -e 'set $2' -s 'The offer' -i $LAB/work/body.txt carl@example.org"
  screen_await 'Security: *(.*)?(Sign|S/MIME)' && screen_type y && answer_passphrase "${3:-ended with 0}" || status=1
  screen_end
  return "$status"
}

# mutt_read FILE PATTERN...: alice opens a mail; every PATTERN has to appear on the screen.
mutt_read() {
  local home=$LAB/home/alice status=0 pattern
  rm -f "$home"/mail/*/*
  lab_as alice cp "$1" "$home/mail/cur/1.lab:2,S"
  shift
  screen_start alice "cd $home && $mutt -n -F .muttrc -R -f $home/mail"
  screen_await 'Msgs:1' && screen_type Enter && answer_passphrase 'The offer' || status=1
  for pattern; do
    screen_await "$pattern" || status=1
  done
  screen_show >screen
  screen_end
  return "$status"
}

# --- what she sends --------------------------------------------------------------------------------------------

words='Grüezi Carl'

# verified NAME FILE: plain openssl says that alice's key signed it.
verified() {
  check "$1: openssl accepts the signature" plain openssl cms -verify -in "$2" -CAfile "$ca" -out content.eml -signer signer.pem
  check "$1: with the words in it" client_says content.eml "$words"
  same "$1: signed by her key" "$(openssl x509 -in signer.pem -noout -serial)" "$(openssl x509 -in "$LAB/certificates/alice-rsa.pem" -noout -serial)"
}

sent=$LAB/home/alice/sent.eml
check 'alice signs' mutt_send alice crypt_autosign
verified 'signed' "$sent"
check 'alice signs and encrypts' mutt_send alice 'crypt_autosign crypt_autoencrypt'
check 'it is encrypted' grep -q 'smime-type=enveloped-data' "$sent"
check 'carl opens it with his key' plain openssl cms -decrypt -in "$sent" -inkey "$LAB/keys/carl.key" -recip "$LAB/certificates/carl.pem" -out opened.eml
verified 'signed and encrypted' opened.eml
check 'bob is refused her key, and told so' mutt_send bob crypt_autosign 'NoSuchKey'
check 'and sends nothing' test ! -e "$LAB/home/bob/sent.eml"

# --- what she reads --------------------------------------------------------------------------------------------

# carl_mail FROM FILE [CERTIFICATE]: carl signs, and encrypts for a certificate of alice's, if there is one.
carl_mail() {
  local header="From: $1\nTo: alice@example.org\nSubject: The offer\n" last=signed.eml
  printf 'Content-Type: text/plain\n\nDear Alice, 12 francs it is.\n' >text.eml
  plain openssl cms -sign -in text.eml -signer "$LAB/certificates/carl.pem" -inkey "$LAB/keys/carl.key" -out signed.eml
  if [ $# -gt 2 ]; then
    plain openssl cms -encrypt -aes256 -in signed.eml -out encrypted.eml "$LAB/certificates/$3.pem"
    last=encrypted.eml
  fi
  { printf '%b' "$header"; cat "$last"; } >"$2"
}
good='signature successfully verified'
bad='signature could NOT be verified'
words='12 francs it is'

carl_mail carl@example.org signed-by-carl.eml
check 'alice verifies' mutt_read signed-by-carl.eml "$good" "$words"
sed 's/12 francs it is/99 francs it is/' signed-by-carl.eml >tampered.eml
check 'what was tampered with is not verified' mutt_read tampered.eml "$bad" '99 francs'
carl_mail mallory@example.org mallory.eml
check 'somebody else wrote it than From says' mutt_read mallory.eml "does not match sender"
for key in alice-rsa alice-ec; do
  carl_mail carl@example.org $key.eml $key
  check "alice decrypts and verifies: $key" mutt_read $key.eml "$good" "$words"
done
lab_demo_policy nobody
lab_as signetd signetctl policy reload
check 'without the rule she is told that she cannot open it' mutt_read alice-rsa.eml 'NoSuchKey|Could not (decrypt|copy)'
refuse 'and sees nothing of it' '^$' grep "$words" screen
check_done
