#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Postfix with its keys behind signetd, set up as docs/clients/postfix.md says. openssl judges the handshakes, curl delivers a mail; other users, and
# Postfix outside of its unit, are refused.
set -eu
# shellcheck source=tests/clients/clients.sh
. "$SIGNET_SOURCE/tests/clients/clients.sh"
# shellcheck source=tests/clients/server.sh
. "$SIGNET_SOURCE/tests/clients/server.sh"
# shellcheck source=tests/clients/postfix-server.sh
. "$SIGNET_SOURCE/tests/clients/postfix-server.sh"
client_needs postfix curl
client_network

lab_begin client-postfix
server_begin postfix mx mx.example.org mx-rsa mx-ec
client_unit postfix@-.service
server_policy postfix
lab_signetd mx=ready
postfix_setup

# deliver SUBJECT: a mail to alice over STARTTLS.
deliver() {
  printf 'From: carl@example.net\r\nTo: alice@example.org\r\nSubject: %s\r\n\r\nHello\r\n' "$1" >"$LAB/mail.eml"
  plain curl -sS --ssl-reqd --cacert "$LAB/certificates/ca.pem" --resolve mx.example.org:25:127.0.0.1 --mail-from carl@example.net \
    --mail-rcpt alice@example.org --upload-file "$LAB/mail.eml" smtp://mx.example.org:25
}
arrived() {
  client_await grep -rq "Subject: $1" "$LAB/mail/alice/new"
}
starttls=(-starttls smtp -connect 127.0.0.1:25)

postfix_start "${client_unit[@]}"
server_request postfix mx-rsa.csr
server_handshakes mx-rsa mx-ec "${starttls[@]}"
check 'a mail is taken over TLS' deliver first
check 'and delivered' arrived first
check 'over a connection that Postfix calls encrypted' postfix_said 'Anonymous TLS connection established from .*TLSv1.3'
same 'smtpd signed, as postfix' "$(server_signers mx)" "$(id -u postfix)"

lab_stop signetd
lab_signetd mx=ready
check 'it goes on when signetd was started again' deliver second
check 'and delivers' arrived second

# --- who may not -----------------------------------------------------------------------------------------------

sed 's/"root", "postfix"/"root"/' "$LAB/policy" | lab_config_policy
signetctl policy reload
refuse 'without a rule for postfix there is no handshake' 'curl: \(35\)' deliver third
check 'and the log says why' postfix_said 'TLS library problem.*(not authorized|no such key)'
postfix_stop

lab_config_policy <"$LAB/policy"
signetctl policy reload
if [ ${#client_unit[@]} -gt 0 ]; then
  postfix_start
  refuse 'outside of its unit it has no TLS' 'curl: \(64\)' deliver fourth
  check 'and the log says why' postfix_said 'no such key'
  postfix_stop
fi

# --- what goes wrong, and what it looks like ---------------------------------------------------------------------

# broken DESCRIPTION PATTERN FILE CHANGE: one file of Postfix's is changed with sed; there is no TLS, and the log says why.
broken() {
  cp "$LAB/postfix/$3" "$LAB/saved"
  sed -i "$4" "$LAB/postfix/$3"
  postfix_start "${client_unit[@]}"
  refuse "$1: no TLS" 'curl: \((35|64)\)' deliver broken
  check 'and the log says why' postfix_said "$2"
  postfix_stop
  cp "$LAB/saved" "$LAB/postfix/$3"
}
echo 'timeout = 3000' >>"$LAB/postfix/signet/openssl.cnf"
broken 'another name than in openssl.cnf' 'TLS library problem.*unsupported' main.cf 's/^tls_config_name.*/tls_config_name = smtpd/'
broken 'smtpd in a chroot' 'signetd unavailable' master.cf '/ smtpd$/s/^\(\S* *inet *n *-\) *n/\1 y/'
server_refused mx-rsa carol "$LAB/postfix/signet/mx-rsa.key"
check_done
