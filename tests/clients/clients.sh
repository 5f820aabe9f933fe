# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # the lab's files and the scripts share these variables
# What the scripts in tests/clients share, on top of tests/lab: what a program needs to be tried at all, a network of its own, TLS certificates,
# an openssl.cnf, and judges that know nothing of Signet. Source it.

# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

# Debian keeps servers where other users' PATH does not look.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
client_openssl=$(command -v openssl) # before the lab puts another one in front

# client_doc PAGE WORDS: the first block of commands or configuration in docs/clients/PAGE.md below the line with these words, so that what people
# read there is what a test runs.
client_doc() {
  awk -v words="$2" '
    index($0, words) { found = 1; next }
    found && /^    / { inside = 1; print substr($0, 5); next }
    inside && /^$/ { print; next }
    inside { exit }' "$SIGNET_SOURCE/docs/clients/$1.md" | cat -s >"$LAB/block"
  [ -s "$LAB/block" ] || lab_fail "docs/clients/$1.md has no block for: $2"
  cat "$LAB/block"
}

# client_needs PROGRAM[:PACKAGE]...: without them nothing can be tried; PACKAGE if it is called otherwise.
client_needs() {
  local p
  for p in "$@"; do
    command -v "${p%%:*}" >/dev/null || skip_all "${p%%:*} is not installed (Debian package ${p#*:})"
  done
}

client_needs_root() {
  [ "$(id -u)" -eq 0 ] || skip_all "root is needed: ${1:-the program changes to a user of its own}"
}

# Runs the script again where there is a loopback and no other network, so that every port is free and no server is seen from outside, and where
# mounts are its own. Comes before lab_begin.
client_network() {
  [ -z "${CLIENT_NETWORK-}" ] || return 0
  client_needs_root 'servers get a network namespace of their own'
  client_needs ip:iproute2
  unshare --net --mount true 2>/dev/null || skip_all 'there can be no network namespace here'
  # shellcheck disable=SC2016 # for the inner shell
  CLIENT_NETWORK=yes exec unshare --net --mount --propagation private sh -c 'ip link set lo up && exec "$0"' "$(readlink -f "$0")"
}

# client_await COMMAND...: until it succeeds, for lab_patience seconds at most.
client_await() {
  local deadline=$((SECONDS + lab_patience))
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.05
  done
}

# client_listens PORT: whether somebody takes connections there.
client_listens() {
  (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# client_await_server NAME PORT: until what lab_start started as NAME takes connections.
client_await_server() {
  local deadline=$((SECONDS + lab_patience))
  until client_listens "$2"; do
    if [ "$SECONDS" -ge "$deadline" ] || ! kill -0 "${lab_pids[$1]}" 2>/dev/null; then
      lab_fail "$1 did not start: $(cat "$LAB/log/$1")"
    fi
    sleep 0.05
  done
}

# client_certificate KEY HOST: a TLS certificate, for a server or a client, over the public key $LAB/keys/KEY.pem, in $LAB/certificates/KEY.pem.
client_certificate() {
  printf '%s\n' 'basicConstraints = critical,CA:FALSE' 'keyUsage = critical,digitalSignature' 'extendedKeyUsage = serverAuth,clientAuth' \
    "subjectAltName = DNS:$2" >"$LAB/ca/$1.ext"
  lab_quietly "$client_openssl" x509 -new -force_pubkey "$LAB/keys/$1.pem" -subj "/O=Signet demo/CN=$2" -CA "$LAB/certificates/ca.pem" \
    -CAkey "$LAB/ca/ca.key" -extfile "$LAB/ca/$1.ext" -days 30 -out "$LAB/certificates/$1.pem"
}

# client_openssl_conf FILE [NAME]: what docs/OPENSSL.md says an openssl.cnf has to say, with the lab's bus and module; NAME instead of openssl_conf.
client_openssl_conf() {
  cat >"$1" <<END
${2:-openssl_conf} = init

[init]
providers = providers

[providers]
default = default_provider
signet = signet_provider

[default_provider]
activate = 1

[signet_provider]
activate = 1
module = $LAB/modules/signet.so
bus-address = $DBUS_SYSTEM_BUS_ADDRESS
END
}

# client_key_file NAME FILE: a key file that names the key, as docs/OPENSSL.md has it written by hand.
client_key_file() {
  printf '%s\n' '-----BEGIN SIGNET KEY-----' "$(printf %s "$1" | base64 -w 64)" '-----END SIGNET KEY-----' >"$2"
}

# plain COMMAND...: a program that knows nothing of Signet, as everybody else's does.
plain() {
  env -u OPENSSL_MODULES -u OPENSSL_CONF -u LD_LIBRARY_PATH "$@"
}

# client_handshake DESCRIPTION KEY EXPECTED OPTION...: a client of openssl's accepts what the server on the address in OPTIONs shows, it is KEY's
# certificate, and what s_client says of the signature matches EXPECTED.
client_handshake() {
  local description=$1 key=$2 expected=$3 status=0
  shift 3
  plain "$client_openssl" s_client -CAfile "$LAB/certificates/ca.pem" -verify_return_error "$@" </dev/null >"$LAB/handshake" 2>&1 || status=$?
  if [ "$status" -ne 0 ] || ! grep -qE -- "$expected" "$LAB/handshake"; then
    check_failed "$description" "status $status; wanted: $expected" "$(cat "$LAB/handshake")"
  else
    same "$description" "$(plain "$client_openssl" x509 -in "$LAB/handshake" -noout -fingerprint 2>/dev/null)" \
      "$(plain "$client_openssl" x509 -in "$LAB/certificates/$key.pem" -noout -fingerprint)"
  fi
}

# client_says FILE WORDS: the text of a mail has these words, whatever its encoding.
client_says() {
  /usr/bin/python3 -c 'import email, email.policy, sys
print(email.message_from_file(sys.stdin, policy=email.policy.default).get_content())' <"$1" | grep -q "$2"
}

# client_rule NAME USER KEY OPERATION PURPOSE: a rule for lab_config_policy; words that libconfig needs quotes around come with them.
client_rule() {
  printf '%s: {\n  user = %s\n  key = "%s"\n  operation = %s\n  purpose = %s\n  effect = "allow"\n}\n' "$@"
}
