# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What an integration script says about what it sees: a line for each check, the evidence when one fails, and a bad status at the end. Source it;
# it sources lab.sh. A script goes on after a failed check, so that one run shows all of them.

# shellcheck source=tests/lab/lab.sh
. "$SIGNET_SOURCE/tests/lab/lab.sh"

check_failures=0

# check DESCRIPTION COMMAND...: it has to succeed.
check() {
  local description=$1 status=0 output
  shift
  output=$("$@" 2>&1) || status=$?
  if [ "$status" -eq 0 ]; then
    printf 'ok: %s\n' "$description"
  else
    check_failed "$description" "status $status from: $*" "$output"
  fi
}

# refuse DESCRIPTION PATTERN COMMAND...: it has to fail, as a program does that was asked (not by a signal), and to say what matches PATTERN,
# an extended regular expression.
refuse() {
  local description=$1 pattern=$2 status=0 output
  shift 2
  output=$("$@" 2>&1) || status=$?
  if [ "$status" -eq 0 ] || [ "$status" -ge 126 ]; then
    check_failed "$description" "status $status from: $*" "$output"
  elif ! grep -qE -- "$pattern" <<<"$output"; then
    check_failed "$description" "nothing matches \"$pattern\" in what this said: $*" "$output"
  else
    printf 'ok: %s\n' "$description"
  fi
}

# same DESCRIPTION ONE OTHER: two texts are equal.
same() {
  if [ "$2" = "$3" ]; then
    printf 'ok: %s\n' "$1"
  else
    check_failed "$1" 'these differ:' "$2" '--' "$3"
  fi
}

check_failed() {
  check_failures=$((check_failures + 1))
  printf 'FAILED: %s\n' "$1"
  shift
  printf '%s\n' "$@" | tail -n 40 | sed 's/^/    /'
}

# from FILE COMMAND..., to FILE COMMAND...: for the commands above; they can be chained: check WHAT from a.eml to b.eml tool --option
from() {
  local file=$1
  shift
  "$@" <"$file"
}

to() {
  local file=$1
  shift
  "$@" >"$file"
}

# mail_parts FILE: what a mail says, part by part; mails that say the same give the same.
mail_parts() {
  "$SIGNET_SOURCE/tests/lab/parts.py" "$1"
}

# key_field FIELD [as USER...]: what `signetctl keys` of the user who runs it shows of each key, sorted by label, in one line.
key_field() {
  local field=$1
  shift
  "$@" signetctl keys --json | /usr/bin/python3 -c 'import json, sys
print(*(k[sys.argv[1]] for k in sorted(json.load(sys.stdin)["keys"], key=lambda k: k["label"])))' "$field"
}

# skip REASON: a part cannot be done here; tools/test lists it.
skip() {
  printf 'SKIP: %s\n' "$*"
}

# skip_all REASON: nothing of this script can be done here.
skip_all() {
  printf '%s\n' "$*"
  exit 77
}

# The last line of a script.
check_done() {
  [ "$check_failures" -eq 0 ] || exit 1
}
