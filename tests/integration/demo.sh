#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# tools/demo itself: its story, --run with exit codes, standard streams and signals, and that nothing is left behind.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

demo=$SIGNET_SOURCE/tools/demo
lab_begin demo-test
mkdir "$LAB/work"
cd "$LAB/work"

# --- the story -----------------------------------------------------------------------------------------------

check 'the story goes through' to story "$demo"
for wanted in alice-rsa alice-ec alice-ed 'multipart/signed' 'CMS Verification successful' 'door code for Friday is 4711' bob-rsa; do
  check "it shows: $wanted" grep -qF "$wanted" story
done
# Only its rules' names and the refused attempts speak of bob's key.
check 'it lists no key that is not yours' sh -c '! sed -n "/^1\./,/^2\./p" story | grep -q bob-rsa'
if lab_has_users; then
  check 'another user is refused' grep -q '^\$ as bob signet-smime sign' story
else
  check 'it says that other users are skipped' grep -q '^Skipped' story
  skip "the demo's step with another user: needs root"
fi

# --- --run ---------------------------------------------------------------------------------------------------

status=0
"$demo" --run sh -c 'exit 37' 2>greeting || status=$?
same "a command's exit code comes out" "$status" 37
check 'the greeting names the keys' grep -q alice-rsa greeting
same 'standard output is the command'"'"'s alone' "$("$demo" --run echo hello 2>/dev/null)" hello
same 'standard input reaches it' "$(echo words | "$demo" --run cat 2>/dev/null)" words
same 'one word with blanks goes to sh' "$("$demo" --run 'echo a | tr a b' 2>/dev/null)" b
same 'it stays in the directory one is in' "$("$demo" --run pwd 2>/dev/null)" "$PWD"
refuse 'an unknown option is explained' 'usage:' "$demo" --nonsense
check '--help helps' "$demo" --help

# shellcheck disable=SC2016 # for the shell inside
check 'openssl finds provider, key and certificates there' "$demo" --run '
  set -e
  openssl cms -sign -provider signet -provider default -inkey "pkcs11:token=demo;object=alice-rsa" -signer "$ALICE_CERT" \
    -in "$DEMO_MAIL" -out signed.eml
  openssl cms -verify -CAfile "$CA_CERT" -in signed.eml -out /dev/null'
# shellcheck disable=SC2016
refuse 'openssl cannot use the key that is not yours' '.' "$demo" --run '
  openssl cms -sign -provider signet -provider default -inkey "pkcs11:token=demo;object=bob-rsa" -signer "$BOB_CERT" -in "$DEMO_MAIL"'

# shellcheck disable=SC2016
check 'a C program is built there, and signs' "$demo" --run '
  set -e
  cc -c "$SIGNET_SOURCE/docs/examples/sign.c" -o sign.o $(pkg-config --cflags libsignet)
  pkg-config --libs libsignet
  pkcs11-tool --module "$DEMO_MODULE" -O | grep alice-rsa
  mkdir home
  HOME=$PWD/home signetctl setup openssl --module "$DEMO_PROVIDER" --print | grep "Once that is done"
  test -f "$DEMO_SMIME_RC"'
if lab_has_users; then
  refuse 'as nobody who is there' 'as: there is no user mallory here' "$demo" --run as mallory id
fi
same 'a command that fails is left to speak for itself' "$("$demo" --run false 2>&1 >/dev/null | grep -c -- '^--- ' || true)" 0

# --- two at once, and the end --------------------------------------------------------------------------------

# The inner one has a bus, a token and a signetd of its own: the same names, other keys.
cat >ids <<'END'
signetctl keys --json | /usr/bin/python3 -c 'import json, sys; print(*(k["id"] for k in json.load(sys.stdin)["keys"]), sep="\n")'
END
"$demo" --run sh -c "sh ids >outer && '$demo' --run sh ids >inner && sh ids | cmp - outer" 2>/dev/null
same 'two at once have three keys each, and none in common' "$(sort -u outer inner | wc -l)" 6

# Ctrl-C, which a terminal sends to all that stand in the foreground: a session of its own stands for the terminal here.
mkfifo started
# shellcheck disable=SC2016
setsid "$demo" --run sh -c 'echo $DEMO $DEMO_PID $$ >started; exec sleep 1000' 2>/dev/null &
demo_pid=$!
read -r directory signetd _ <started
check 'the directory is there while it runs' test -d "$directory"
kill -INT -- "-$demo_pid" 2>/dev/null || true
kill -TERM -- "-$demo_pid"
status=0
wait "$demo_pid" || status=$?
check "a signal ends it ($status)" test "$status" -ge 128
check 'and its directory' test ! -e "$directory"
refuse 'and signetd' '.' kill -0 "$signetd"
check_done
