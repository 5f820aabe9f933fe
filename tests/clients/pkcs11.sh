# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # the lab's files and the scripts share these variables
# What the scripts for programs with a PKCS#11 module share: where the module lies, a signetd with a rule as a page in docs/clients has it, what the
# programs asked of signetd, and how often. Source it after clients.sh.

# pkcs11_begin NAME: a lab with the token "demo" and a bus, signetd not started yet. $module is the PKCS#11 module.
pkcs11_begin() {
  lab_begin "client-$1"
  module=$LAB/lib/signet-pkcs11.so
  lab_demo_token
  lab_bus
  lab_config
  lab_config_token demo
}

# pkcs11_page PAGE WORDS: the block after WORDS, with the lab's module and token in place of the system's.
pkcs11_page() {
  client_doc "$1" "$2" | sed -e "s,/usr/lib/x86_64-linux-gnu/pkcs11/signet-pkcs11.so,$module,g" -e 's/token=mail;object=%u/token=demo;object=%u-*/' \
    -e 's/token=mail/token=demo/g'
}

# pkcs11_rule PAGE WORDS: the rule in that block is the policy, from now on.
pkcs11_rule() {
  pkcs11_page "$@" | lab_config_policy
  [ -z "${lab_pids[signetd]-}" ] || lab_quietly lab_as signetd signetctl policy reload
}

# pkcs11_no_rule: nobody may use anything, from now on.
pkcs11_no_rule() {
  lab_config_policy </dev/null
  lab_quietly lab_as signetd signetctl policy reload
}

# pkcs11_asked USER [RESULT]: what USER's programs asked for, as "operation:purpose" once each, in one line; with the result "ok" unless another
# is named.
pkcs11_asked() {
  /usr/bin/python3 - "$LAB/audit/audit.log" "$1" "${2:-ok}" <<'END'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
print(*sorted({f"{line['operation']}:{line['purpose']}" for line in lines if line.get("user") == sys.argv[2] and line["result"] == sys.argv[3]
               and "purpose" in line}))
END
}

# Keeps what is asked of signetd on the bus in $LAB/calls, from now on.
pkcs11_watch() {
  lab_start monitor "$LAB_USER" sh -c "exec dbus-monitor --address '$DBUS_SYSTEM_BUS_ADDRESS' --profile \"destination='$lab_name'\" >'$LAB/calls'"
  client_await test -s "$LAB/calls" || lab_fail "the bus cannot be watched: $(cat "$LAB/log/monitor")"
}

# pkcs11_calls_at_most COUNT WHAT: so many method calls has signetd had since pkcs11_watch, for WHAT.
pkcs11_calls_at_most() {
  local calls
  calls=$(grep -c '^mc' "$LAB/calls")
  check "at most $1 round trips to signetd for $2 ($calls)" test "$calls" -le "$1" -a "$calls" -gt 0
}

# pkcs11_spy: OpenSC's spy between a program and the module, where there is one: a host that is given $spy for the module and pkcs11_spying before its
# command leaves what it asked in $LAB/work/spied.
pkcs11_spy() {
  spy=$(find /usr/lib -name pkcs11-spy.so -print -quit)
  [ -n "$spy" ] || { skip 'calls traced: pkcs11-spy.so is not installed (Debian package opensc-pkcs11)'; return 1; }
  pkcs11_spying=(env "PKCS11SPY=$module" "PKCS11SPY_OUTPUT=$LAB/work/spied")
  rm -f "$LAB/work/spied"
}

# pkcs11_spied WHAT RULE...: the calls were as spy.py's rules say.
pkcs11_spied() {
  check "$1: what it asked the module, and was told" "$SIGNET_SOURCE/tests/clients/spy.py" "$LAB/work/spied" "${@:2}"
}
