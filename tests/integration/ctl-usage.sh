#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# signetctl where there is no signetd: help that fits a screen, refusals that name the way on, exit codes, JSON, completion, and what it does by
# itself: policy files and audit files.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PATH=$SIGNET_BUILD/client:$PATH
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$work/no-bus
unset NO_COLOR
export TERM=xterm
terminal() {
  "$SIGNET_SOURCE/tests/lab/terminal.py" "$@"
}

# exits STATUS DESCRIPTION COMMAND...
exits() {
  local wanted=$1 description=$2 status=0 output
  shift 2
  output=$("$@" 2>&1 </dev/null) || status=$?
  if [ "$status" -eq "$wanted" ]; then
    printf 'ok: %s\n' "$description"
  else
    check_failed "$description" "status $status, not $wanted, from: $*" "$output"
  fi
}

# --- help ----------------------------------------------------------------------------------------------------

commands=(keys tokens unlock lock sign decrypt 'policy check' 'policy explain' 'policy reload' 'audit show' 'audit verify' status setup)
# shellcheck disable=SC2086 # a command may be two words
for command in '' "${commands[@]}" policy audit; do
  help=$(signetctl $command --help)
  same "help of \"$command\" fits a screen" "$(wc -l <<<"$help") lines, longest $(wc -L <<<"$help")" \
    "$(awk '{ if (length > w) w = length } END { print NR (NR > 24 ? "!" : "") " lines, longest " w (w > 80 ? "!" : "") }' <<<"$help")"
done
for command in "${commands[@]}"; do
  check "\"$command\" stands in --help" grep -q "^  $command" <<<"$(signetctl --help)"
  check "\"$command\" stands in the man page" grep -q "\*$command\*" "$SIGNET_SOURCE/docs/signetctl.1.scd"
  # shellcheck disable=SC2086
  for option in $(signetctl $command --help | sed -n 's/^  --\([a-z0-9-]*\).*/\1/p'); do
    check "its --$option, too" grep -q -- "--$option\*" "$SIGNET_SOURCE/docs/signetctl.1.scd"
  done
done
same 'help and --help are one' "$(signetctl help keys)" "$(signetctl keys --help)"
check 'the version' grep -qx 'signetctl [0-9.]*' <<<"$(signetctl --version)"

# --- a wrong command line ------------------------------------------------------------------------------------

refuse 'no command: help' 'Usage' signetctl
refuse 'an unknown command' 'no command "kees".*signetctl --help' signetctl kees
refuse 'half a command' 'policy explain' signetctl policy
refuse 'an unknown option' 'no option --lang; was --long meant.*signetctl keys --help' signetctl keys --lang
refuse 'a missing value' '--operation wants a value' signetctl keys --operation
refuse 'a wrong value' 'one of sign decrypt' signetctl keys --operation fly
refuse 'a missing key' 'wants --key KEY' signetctl sign
refuse 'a time that is none' 'is no time' signetctl audit show --since soon
refuse 'a program that setup does not know' 'thunderbird, mutt, gnupg, openssl and p11-kit, and not "emacs"' signetctl setup emacs
refuse 'a binary result for the terminal' '--out FILE or --base64' terminal signetctl sign --key x
for line in '' kees policy 'keys --lang' 'keys a b' unlock 'sign' 'decrypt' 'policy explain' 'decrypt --key x --hash sha1' 'audit show --last 0' \
  'sign --key x --salt-length 0' 'unlock' setup 'setup emacs' 'setup mutt --profile x' 'setup mutt --undo --test' \
  'setup mutt openssl'; do
  # shellcheck disable=SC2086
  exits 2 "usage: signetctl $line" signetctl $line
done
output=$(signetctl unlock mail 123456 2>&1) || true
same 'a PIN typed as an argument is not repeated' "${output//123456/PIN}" "$output"

# --- no signetd ----------------------------------------------------------------------------------------------

for line in keys tokens 'unlock mail' 'lock mail' 'sign --key alice@example.org' 'decrypt --key alice@example.org' \
  'policy explain alice@example.org --purpose smime' 'policy reload' status; do
  # shellcheck disable=SC2086
  exits 14 "no signetd: signetctl $line" signetctl $line
  # shellcheck disable=SC2086
  same "and in JSON" "$(signetctl --json $line 2>/dev/null </dev/null | /usr/bin/python3 -c 'import json, sys
e = json.load(sys.stdin)["error"]
print(e["name"], e["exit"], bool(e["message"]))')" 'Unavailable 14 True'
done

# --- policy files --------------------------------------------------------------------------------------------

mkdir "$work/good" "$work/bad" "$work/config"
cat >"$work/good/10.conf" <<'END'
own: { user = "*"; key = "pkcs11:token=mail;object=%u"; operation = ["sign"]; purpose = ["smime"]; effect = "allow"; }
END
cat >"$work/bad/10.conf" <<'END'
own: {
    user      = "*"
    key       = "pkcs11:token=mail;object=%u"
    operaton  = ["sign"]
    purpose   = ["smime"]
    effect    = "alow"
}
END
same 'a good policy' "$(signetctl policy check "$work/good")" 'No mistakes; 1 rule.'
check 'a good file and directory' signetctl policy check "$work/good/10.conf" "$work/good"
exits 1 'a bad policy' signetctl policy check "$work/bad"
same 'every mistake has its place' "$(signetctl policy check "$work/good" "$work/bad/10.conf" | cut -d: -f1-2 | sort -u | grep -v :1$)" \
  "$(printf '%s\n' "$work/bad/10.conf:4" "$work/bad/10.conf:6")"
same 'in JSON' "$(signetctl policy check --json "$work/bad" | /usr/bin/python3 -c 'import json, sys
answer = json.load(sys.stdin)
print(answer["ok"], sorted({m["line"] for m in answer["mistakes"]} - {1}))')" 'False [4, 6]'
exits 16 'a file that is not there' signetctl policy check "$work/nowhere"
exits 16 'a configuration that is not there' signetctl --config "$work/nowhere" policy check
cp -r "$work/bad" "$work/config/policy.d"
exits 1 'the configuration'"'"'s policy' signetctl --config "$work/config" policy check

# --- audit files ---------------------------------------------------------------------------------------------

# An audit as signetd.audit(5) describes it, made by other means than the code that checks it.
/usr/bin/python3 - "$work/audit" <<'END'
import hashlib, json, sys
lines, previous = [], '0' * 64
def add(**fields):
    global previous
    line = json.dumps({'seq': len(lines) + 1, 'prev': previous} | fields, separators=(',', ':'), ensure_ascii=False)
    previous = hashlib.sha256(line.encode()).hexdigest()
    lines.append(line)
key = '9f' * 32
add(time='2026-05-01T09:00:00.000Z', operation='start', result='ok')
add(time='2026-05-01T09:30:00.123Z', user='alice', uid=1000, operation='sign', purpose='smime', key=key, label='alice-rsa', rule='own',
    verdict='allow', result='ok')
add(time='2026-05-01T09:31:00.123Z', user='bob', uid=1001, operation='sign', purpose='digest', key=key, label='alice-rsa',
    verdict='deny', result='NotAuthorized', reason='no rule')
add(time='2026-05-01T09:32:00.123Z', user='b\x1b[31m\u202eob', uid=1002, operation='decrypt', purpose='cms', key='aa' * 32, rule='hours',
    verdict='deny', result='NotAuthorized')
add(time='2026-05-01T10:00:00.000Z', user='alice', uid=1000, operation='decrypt', purpose='cms', key=key, label='alice-rsa', rule='own',
    verdict='allow', result='TokenUnavailable', reason='it was pulled')
open(sys.argv[1], 'w').write(''.join(line + '\n' for line in lines))
END
# shown ARGUMENT...: the numbers of the lines that audit show leaves
shown() {
  signetctl --json audit show "$@" "$work/audit" | /usr/bin/python3 -c 'import json, sys; print(*(l["seq"] for l in json.load(sys.stdin)))'
}
same 'all lines' "$(shown)" '1 2 3 4 5'
same 'by user' "$(shown --user alice)" '2 5'
same 'by number' "$(shown --user 1001)" '3'
same 'by label' "$(shown --key alice-rsa)" '2 3 5'
same 'by id' "$(shown --key 9f9f9f9f)" '2 3 5'
same 'by verdict' "$(shown --verdict deny)" '3 4'
same 'by time' "$(shown --since 2026-05-01T09:31:00Z)" '3 4 5'
same 'the last' "$(shown --last 2)" '4 5'
same 'the last of some' "$(shown --last 2 --key alice-rsa --verdict allow)" '2 5'
same 'none' "$(shown --user carol)" ''
same 'for people' "$(TZ=UTC signetctl audit show --verdict allow "$work/audit" | tr -s ' ')" \
'2026-05-01 09:30:00 alice sign:smime alice-rsa allowed by own
2026-05-01 10:00:00 alice decrypt:cms alice-rsa allowed by own, but TokenUnavailable: it was pulled'
check 'nothing in an audit moves the cursor' grep -q 'b?\[31m?ob' <<<"$(signetctl audit show "$work/audit")"
# coloured COMMAND...: how many lines of what it prints have an escape
coloured() {
  "$@" | grep -c "$(printf '\033')" || true
}
same 'there are no colours in a pipe' "$(coloured signetctl audit show "$work/audit")" 0
same 'there are on a terminal' "$(coloured terminal signetctl audit show "$work/audit")" 3
same 'there are none with NO_COLOR' "$(NO_COLOR=1 coloured terminal signetctl audit show "$work/audit")" 0

# first_break FILE [N]: the place and the kind of the first (N-th) break in it
first_break() {
  signetctl audit verify "$work/$1" | sed -n "${2-1}s,.*/\([a-z]*:[0-9]*: [a-z]*\).*,\1,p"
}
exits 0 'a whole audit' signetctl audit verify "$work/audit"
sed 's/"user":"bob"/"user":"eve"/' "$work/audit" >"$work/changed"
sed 3d "$work/audit" >"$work/cut"
sed -n '1p;2{h;d};3{p;g;p};4,$p' "$work/audit" >"$work/moved"
sed '3s/.*/nonsense/' "$work/audit" >"$work/malformed"
head -c -1 "$work/audit" >"$work/torn"
same 'a changed line' "$(first_break changed)" 'changed:3: changed'
same 'a cut line' "$(first_break cut)" 'cut:3: cut'
same 'moved lines' "$(first_break moved 2)" 'moved:3: reordered'
same 'a malformed line' "$(first_break malformed)" 'malformed:3: malformed'
same 'a torn line' "$(first_break torn)" 'torn:5: torn'
for kind in changed cut moved malformed torn; do
  exits 1 "$kind: it is not whole" signetctl audit verify "$work/$kind"
  same "$kind: in JSON" "$(signetctl --json audit verify "$work/$kind" | /usr/bin/python3 -c 'import json, sys
a = json.load(sys.stdin)
print(a["ok"], a["compared"], a["break-count"] == len(a["breaks"]) > 0)')" 'False False True'
done
head -n 2 "$work/audit" >"$work/1"
tail -n +3 "$work/audit" >"$work/2"
exits 0 'a chain over two files' signetctl audit verify "$work/1" "$work/2"
exits 1 'not the other way round' signetctl audit verify "$work/2" "$work/1"
exits 16 'a file that is not there' signetctl audit verify "$work/nowhere"
refuse 'the default names the way on' '--config DIR' signetctl --config "$work/nowhere" audit verify
printf 'audit-file = "%s"\n' "$work/changed" >"$work/config/signetd.conf"
exits 1 'the configuration'"'"'s audit' signetctl --config "$work/config" audit verify

# --- completion ----------------------------------------------------------------------------------------------

# completes LINE: what bash would offer behind LINE, sorted, in one line
completes() {
  # shellcheck disable=SC2016 # it is for the other bash
  bash --norc -c '. "$1"
    line=$2
    COMP_LINE=$line COMP_POINT=${#line}
    # bash parts words at blanks and at what stands in COMP_WORDBREAKS, which stay as words of their own
    mapfile -t COMP_WORDS < <(printf "%s" "$line" | sed -E "s/([@=:;]+)/\n\1\n/g;s/ +/\n/g" | grep .)
    case $line in *[\ ]) COMP_WORDS+=("") ;; esac
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    compopt() { COMPREPLY+=("(files)"); }
    _signetctl
    printf "%s\n" "${COMPREPLY[@]}" | sort | tr "\n" " "' - "$SIGNET_SOURCE/client/signetctl.bash" "$1"
}
same 'commands' "$(completes 'signetctl ')" 'audit decrypt keys lock policy setup sign status tokens unlock '
same 'half a command' "$(completes 'signetctl st')" 'status '
same 'a group'"'"'s commands' "$(completes 'signetctl policy ')" 'check explain reload '
same 'behind options' "$(completes 'signetctl --json --config /x audit ')" 'show verify '
same 'options' "$(completes 'signetctl keys --')" '--address --config --help --json --long --operation --pem --public --version '
same 'half an option' "$(completes 'signetctl sign --p')" '--padding --purpose '
same 'words' "$(completes 'signetctl sign --padding ')" 'pkcs1 pss '
same 'programs' "$(completes 'signetctl setup ')" 'gnupg mutt openssl p11-kit thunderbird '
same 'half a word' "$(completes 'signetctl keys --operation s')" 'sign '
same 'files' "$(completes 'signetctl audit verify ')" '(files) '
same 'a file for an option' "$(completes 'signetctl sign --in ')" '(files) '
same 'nothing where nobody answers' "$(completes 'signetctl unlock ')" ' '
check_done
