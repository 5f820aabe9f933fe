#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Dovecot with its keys behind signetd, set up as docs/clients/dovecot.md says. openssl judges the handshakes, curl logs in and reads a mail; other
# users, and Dovecot outside of its unit, are refused.
set -eu
# shellcheck source=tests/clients/clients.sh
. "$SIGNET_SOURCE/tests/clients/clients.sh"
# shellcheck source=tests/clients/server.sh
. "$SIGNET_SOURCE/tests/clients/server.sh"
client_needs dovecot:dovecot-core curl
[ -x /usr/lib/dovecot/imap ] || skip_all "Dovecot's imap is not installed (Debian package dovecot-imapd)"
client_network

lab_begin client-dovecot
server_begin dovecot imap imap.example.org imap-rsa imap-ec
client_unit dovecot.service
server_policy dovecot
lab_signetd imap=ready

dir=$LAB/dovecot/signet
mkdir -p "$dir" "$LAB/mail/alice/new" "$LAB/mail/alice/cur" "$LAB/mail/alice/tmp"
client_block dovecot 'names a key and holds no secret' >"$LAB/key-files.sh"
lab_quietly sh -e "$LAB/key-files.sh"
server_openssl_conf dovecot 'openssl.cnf`, for' "$dir/openssl.cnf"
cp "$LAB"/certificates/imap-*.pem "$dir"
cp "$SIGNET_SOURCE/tests/lab/mail/mail.eml" "$LAB/mail/alice/new/1.lab"
chown -R "$(lab_uid alice)" "$LAB/mail"
{
  client_block dovecot '## dovecot.conf' | sed "s,OPENSSL_CONF=,LD_LIBRARY_PATH=$LAB/lib &,"
  cat <<END
base_dir = $LAB_RUN/dovecot
state_dir = $LAB_RUN/dovecot
log_path = $LAB/log/imap
protocols = imap
listen = 127.0.0.1
mail_location = maildir:$LAB/mail/%u
first_valid_uid = 1000
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=$(lab_uid alice) gid=$(lab_uid alice) home=$LAB/mail/%u
}
END
} >"$LAB/dovecot/dovecot.conf"

# read_mail OPTION...: logs in and gets the first mail.
read_mail() {
  plain curl -sS --cacert "$LAB/certificates/ca.pem" --resolve imap.example.org:993:127.0.0.1 "$@" -u alice:secret \
    'imaps://imap.example.org/INBOX;MAILINDEX=1' | tr -d '\r' >"$LAB/read.eml" && cmp "$LAB/read.eml" "$SIGNET_SOURCE/tests/lab/mail/mail.eml"
}

# said PATTERN: the log.
said() {
  client_await grep -qE -- "$1" "$LAB/log/imap" || { tail -n 20 "$LAB/log/imap"; return 1; }
}

# start COMMAND...: COMMAND is what goes before it, if anything.
start() {
  : >"$LAB/log/imap"
  lab_start dovecot "$LAB_USER" "$@" dovecot -F -c "$LAB/dovecot/dovecot.conf"
  client_await_server dovecot 993
}

start "${client_unit[@]}"
server_request dovecot imap-rsa.csr
server_handshakes imap-rsa imap-ec -connect 127.0.0.1:993
client_handshake 'STARTTLS' imap-ec 'Peer signature type: ECDSA' -starttls imap -connect 127.0.0.1:143 -sigalgs ECDSA+SHA256
check 'alice logs in and reads her mail' read_mail
same 'login processes signed, as dovenull' "$(server_signers imap)" "$(id -u dovenull)"
lab_stop signetd
lab_signetd imap=ready
check 'it goes on when signetd was started again' read_mail
lab_stop dovecot

# --- who may not -----------------------------------------------------------------------------------------------

# broken DESCRIPTION PATTERN CHANGE: the configuration is changed with sed; there is no handshake, and the log says why.
broken() {
  cp "$LAB/dovecot/dovecot.conf" "$LAB/saved"
  sed -i "$3" "$LAB/dovecot/dovecot.conf"
  start "${client_unit[@]}"
  refuse "$1: no handshake" 'curl: \([0-9]+\)' read_mail
  check 'and the log says why' said "Couldn't parse private SSL key .*$2"
  lab_stop dovecot
  cp "$LAB/saved" "$LAB/dovecot/dovecot.conf"
}
broken 'openssl.cnf was not passed on' unsupported 's/ OPENSSL_CONF=.*//'
broken 'login processes in their chroot' 'signetd unavailable' 's/chroot =/chroot = login/'

if [ ${#client_unit[@]} -gt 0 ]; then
  start
  refuse 'outside of its unit there is no handshake' 'curl: \([0-9]+\)' read_mail
  check 'and the log says why' said 'no such key'
  lab_stop dovecot
fi
sed 's/"dovenull"/"dovecot"/' "$LAB/policy" | lab_config_policy
signetctl policy reload
start "${client_unit[@]}"
refuse 'without a rule for dovenull there is no handshake' 'curl: \([0-9]+\)' read_mail
check 'and the log says why' said 'no such key'
lab_stop dovecot
server_refused imap-rsa carol "$dir/imap-rsa.key"
check_done
