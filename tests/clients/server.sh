# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # the lab's files and the scripts share these variables
# What the scripts for TLS servers share: a token with an RSA and a P-256 key, a unit for the server to be in, and what every server with
# a key of signetd's has to do. Source it after clients.sh.

client_unit=() # before a command: it runs in the unit; empty where there can be none

# server_begin NAME TOKEN HOST RSA EC: a token with these two keys and certificates for HOST, a bus, a configuration for signetd, no rule yet.
# /etc/NAME of the pages is $LAB/NAME.
server_begin() {
  server_name=$1 server_token=$2 server_host=$3
  lab_store
  lab_token "$2"
  lab_ca
  lab_key "$2" "$4" 01 rsa:2048
  lab_key "$2" "$5" 02 EC:prime256v1
  client_certificate "$4" "$3"
  client_certificate "$5" "$3"
  lab_bus
  lab_config
  lab_config_token "$2"
  mkdir "$LAB/$1"
}

# client_unit NAME: a control group as systemd would make it for that unit, so that rules with `unit` are tried for real. Where there cannot be
# one, that part is skipped and the rules lose the condition.
client_unit() {
  local root
  root=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)
  server_slice=$root/signetlab$$.slice
  if [ -z "$root" ] || ! mkdir -p "$server_slice/$1" 2>/dev/null; then
    skip "rules with unit = \"$1\": no control group can be made here"
    return 0
  fi
  lab_at_end server_unit_end "$1"
  # shellcheck disable=SC2016 # for the inner shell
  client_unit=(sh -c 'echo $$ >"$0" && exec "$@"' "$server_slice/$1/cgroup.procs")
}

server_unit_end() {
  echo 1 >"$server_slice/$1/cgroup.kill"
  client_await rmdir "$server_slice/$1" "$server_slice"
}

# client_block PAGE WORDS: as client_doc, with the lab's paths.
client_block() {
  local unit=()
  [ ${#client_unit[@]} -gt 0 ] || unit=(-e '/^ *unit *=/d')
  client_doc "$1" "$2" | sed -e "s,/etc/$server_name,$LAB/$server_name,g" "${unit[@]}"
}

# server_policy PAGE: the rules of the page, for the server and for whoever asks for its certificates.
server_policy() {
  { client_block "$1" '## The rule'; client_block "$1" 'needs a rule for requests'; } >"$LAB/policy"
  lab_config_policy <"$LAB/policy"
}

server_at_home() {
  (cd "$LAB/home/$1" && lab_as "$@")
}

# server_request PAGE FILE: alice asks for a certificate as the page says, which leaves FILE, and openssl finds the request in order.
server_request() {
  client_block "$1" 'and then runs' >"$LAB/request.sh"
  check 'alice asks for a certificate' server_at_home alice sh -e "$LAB/request.sh"
  check 'the request is in order' plain "$client_openssl" req -in "$LAB/home/alice/$2" -verify -noout
}

# server_openssl_conf PAGE WORDS FILE: the page's openssl.cnf, whose last section is signet's, with the lab's bus and module.
server_openssl_conf() {
  { client_block "$1" "$2"; printf '%s\n' "module = $LAB/modules/signet.so" "bus-address = $DBUS_SYSTEM_BUS_ADDRESS"; } >"$3"
}

# server_handshakes RSA EC OPTION...: with TLS 1.2 and 1.3, with each key, by what the client says it can verify.
server_handshakes() {
  local rsa=$1 ec=$2
  shift 2
  client_handshake 'TLS 1.3, RSA' "$rsa" 'Peer signature type: RSA-PSS' -tls1_3 -sigalgs rsa_pss_rsae_sha256 "$@"
  client_handshake 'TLS 1.2, RSA, PKCS #1 v1.5' "$rsa" 'Peer signature type: RSA$' -tls1_2 -sigalgs RSA+SHA256 "$@"
  client_handshake 'TLS 1.2, RSA, PSS' "$rsa" 'Peer signature type: RSA-PSS' -tls1_2 -sigalgs rsa_pss_rsae_sha256 "$@"
  client_handshake 'TLS 1.3, P-256' "$ec" 'Peer signature type: ECDSA' -tls1_3 -sigalgs ECDSA+SHA256 "$@"
  client_handshake 'TLS 1.2, P-256' "$ec" 'Peer signature type: ECDSA' -tls1_2 -sigalgs ECDSA+SHA256 "$@"
}

# server_signers RULE: the numbers of the users who signed by this rule, as the audit has them.
server_signers() {
  /usr/bin/python3 - "$1" "$LAB/audit/audit.log" <<'END'
import json, sys
lines = map(json.loads, open(sys.argv[2]))
print(*sorted({line["uid"] for line in lines if line.get("rule") == sys.argv[1] and line.get("operation") == "sign"}))
END
}

# server_refused KEY USER FILE: USER cannot serve with the key that the file names.
server_refused() {
  client_openssl_conf "$LAB/openssl.cnf"
  refuse "$2 cannot serve with it" 'no such key' lab_as "$2" env "OPENSSL_CONF=$LAB/openssl.cnf" "$client_openssl" s_server -accept 127.0.0.1:9443 \
    -cert "$LAB/certificates/$1.pem" -key "$3"
}
