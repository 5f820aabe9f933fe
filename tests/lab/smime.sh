# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Keys in files and certificates for them, for tests of signet-smime that need no token. Source it after check.sh; lab_begin and lab_ca come first.

# file_key NAME ALGORITHM [OPTION...]: a private key in $LAB/keys/NAME.key, as openssl genpkey makes it.
file_key() {
  local name=$1 algorithm=$2 option options=()
  shift 2
  for option; do options+=(-pkeyopt "$option"); done
  mkdir -p "$LAB/keys"
  lab_quietly openssl genpkey -algorithm "$algorithm" "${options[@]}" -out "$LAB/keys/$name.key"
  openssl pkey -in "$LAB/keys/$name.key" -pubout -out "$LAB/keys/$name.pem"
}

# people: alice (RSA) and alice-ec (P-256), bob (RSA) and bob-ec (P-384), in $LAB/keys and $LAB/certificates.
people() {
  file_key alice RSA rsa_keygen_bits:2048
  file_key alice-ec EC ec_paramgen_curve:P-256
  file_key bob RSA rsa_keygen_bits:3072
  file_key bob-ec EC ec_paramgen_curve:P-384
  lab_certificate alice alice@example.org
  lab_certificate alice-ec alice@example.org
  lab_certificate bob bob@example.org
  lab_certificate bob-ec bob@example.org
}

# with KEY: sets the array `with` to the options that have signet-smime use the key and its certificate.
with() {
  # shellcheck disable=SC2034 # it is for who calls
  with=(--key "$LAB/keys/$1.key" --cert "$LAB/certificates/$1.pem")
}

# status_of WANTED DESCRIPTION COMMAND...: it ends with that status; one line of standard error, at most, says why, and nothing is written.
status_of() {
  local wanted=$1 description=$2 status=0
  shift 2
  "$@" >"$LAB/out" 2>"$LAB/err" || status=$?
  if [ "$status" -ne "$wanted" ]; then
    check_failed "$description" "status $status, not $wanted: $*" "$(cat "$LAB/err")"
  elif [ -s "$LAB/out" ] || [ "$(wc -l <"$LAB/err")" -ne 1 ]; then
    check_failed "$description" "not one line on standard error and nothing on standard output: $*" "$(cat "$LAB/err")" "$(head -c 500 "$LAB/out")"
  else
    printf 'ok: %s: %s\n' "$description" "$(cat "$LAB/err")"
  fi
}
