# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# A lab: a directory with a SoftHSM store, a private bus, users and a running signetd of its own, for tests and for tools/demo. Source it,
# with SIGNET_SOURCE and SIGNET_BUILD set; then lab_begin NAME, then lab_demo or the pieces of token.sh and signetd.sh that are needed. At the end,
# however that comes about, lab_end takes all of it down. Nothing outside the directory is written, no other bus or store is touched.

# shellcheck source=tests/lab/token.sh
. "$SIGNET_SOURCE/tests/lab/token.sh"
# shellcheck source=tests/lab/users.sh
. "$SIGNET_SOURCE/tests/lab/users.sh"
# shellcheck source=tests/lab/signetd.sh
. "$SIGNET_SOURCE/tests/lab/signetd.sh"
# shellcheck source=tests/lab/sanitize.sh
. "$SIGNET_SOURCE/tests/lab/sanitize.sh"

lab_patience=30 # seconds for something to start; 90 under a sanitizer
lab_fault='' lab_forgiving=''
declare -gA lab_pids=() # global, also where a function sources this file
lab_last_things=()

# lab_fail SENTENCE: the lab itself cannot go on.
lab_fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 99
}

# Runs a command whose output matters only when it fails.
lab_quietly() {
  "$@" >"$LAB/step.log" 2>&1 || lab_fail "this failed: $*
$(cat "$LAB/step.log")"
}

# lab_begin NAME: makes the directory, $LAB, and $LAB_RUN in or beside it for sockets, whose paths may have 107 bytes only. Where other users
# cannot come to this clone (in /root, say), the lab lies in /tmp, with copies of what they read and run.
lab_begin() {
  umask 022
  local below=$SIGNET_BUILD/lab
  mkdir -p "$below"
  if lab_has_users && ! setpriv --reuid 65534 --regid 65534 --clear-groups test -r "$below" -a -x "$below" 2>/dev/null; then
    below=/tmp
  fi
  LAB=$(mktemp -d "$below/$1.XXXXXX")
  trap lab_end EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  chmod 0755 "$LAB"
  LAB_RUN=$LAB/run
  if [ ${#LAB_RUN} -gt 60 ]; then
    LAB_RUN=$(mktemp -d "${TMPDIR:-/tmp}/signet.XXXXXX")
  fi
  mkdir -p "$LAB_RUN" "$LAB/log"
  chmod 0755 "$LAB_RUN"
  lab_users
  [ "$below" != /tmp ] || lab_copy_source
  lab_sanitize
  lab_programs "$below"
}

lab_copy_source() {
  mkdir "$LAB/source"
  find "$SIGNET_SOURCE" -mindepth 1 -maxdepth 1 ! -name 'build*' ! -name .git -exec cp -r -t "$LAB/source" {} +
  SIGNET_SOURCE=$LAB/source
}

# --- processes -----------------------------------------------------------------------------------------------

# lab_start NAME USER COMMAND...: in the background and in a session of its own, so that Ctrl-C does not reach it. It ends with the script,
# even if that is killed.
lab_start() {
  local name=$1
  lab_become "$2"
  shift 2
  "${lab_become[@]}" setpriv --pdeathsig TERM setsid "$@" >>"$LAB/log/$name" 2>&1 </dev/null &
  lab_pids[$name]=$!
}

# lab_stop NAME [SIGNAL]: ends one that lab_start started and waits for it. One that does not go within lab_patience seconds, or that ends
# badly, is a fault of the lab's.
lab_stop() {
  local pid=${lab_pids[$1]-} status=0
  [ -n "$pid" ] || return 0
  unset "lab_pids[$1]"
  kill -"${2:-TERM}" "$pid" 2>/dev/null || true
  "$SIGNET_BUILD/tests/lab/await" "$lab_patience" "$pid" || status=$?
  if [ "$status" -eq 1 ]; then
    lab_blame "$1 did not end within $lab_patience seconds"
    kill -KILL "$pid" 2>/dev/null || true
  fi
  status=0
  wait "$pid" 2>/dev/null || status=$?
  case "${2:-TERM}:$status" in
    *:0 | TERM:143 | KILL:137) ;;
    *) lab_blame "$1 ended with status $status" ;;
  esac
}

# lab_at_end COMMAND...: one more thing to take down, before everything else goes.
lab_at_end() {
  lab_last_things+=("$(printf '%q ' "$@")")
}

lab_blame() {
  lab_fault+="${lab_fault:+; }$1"
}

# From here on only a sanitizer's report spoils the status: who runs a command of his own in the lab may end what he likes.
lab_forgive() {
  lab_forgiving=yes
}

# Takes everything down. What a test leaves broken (a daemon that died, a sanitizer's report) makes its status bad here at the latest.
lab_end() {
  local status=$? name forgiven=$lab_forgiving
  trap - EXIT HUP INT TERM
  set +e
  [ -n "${LAB-}" ] || exit "$status"
  for name in "${lab_last_things[@]}"; do
    eval "$name" >/dev/null 2>&1
  done
  for name in "${!lab_pids[@]}"; do
    [ "$name" = bus ] || lab_stop "$name"
  done
  lab_stop bus
  [ -z "$lab_forgiving" ] || lab_fault='' lab_forgiving=''
  lab_sanitize_reports
  [ -z "$lab_fault" ] || forgiven=''
  [ -z "$lab_fault" ] || printf '%s: %s\n' "${0##*/}" "$lab_fault" >&2
  if [ "$status" -eq 0 ] && [ -n "$lab_fault" ]; then
    status=98
  fi
  case "$forgiven$status" in
    yes* | 0 | 77 | 129 | 130 | 143) ;;
    *) lab_show_logs ;;
  esac
  rm -rf "$LAB" "$LAB_RUN"
  exit "$status"
}

lab_show_logs() {
  local log
  for log in "$LAB"/log/*; do
    [ ! -s "$log" ] || printf '%s\n' "--- ${log##*/}:" "$(tail -n 60 "$log")" >&2
  done
}

# --- programs ------------------------------------------------------------------------------------------------

# Three directories in the lab for PATH, LD_LIBRARY_PATH and OPENSSL_MODULES, with links into the build, or copies. The PKCS#11 module is
# $LAB/lib/signet-pkcs11.so.
lab_programs() {
  local p place=(ln -s)
  [ "$1" != /tmp ] || place=(cp -P)
  mkdir -p "$LAB/bin" "$LAB/lib" "$LAB/modules"
  [ -x "$SIGNET_BUILD/daemon/signetd" ] || lab_fail "signetd is not built in $SIGNET_BUILD"
  for p in daemon/signetd pkcs11/signet-worker client/signetctl mail/signet-smime; do
    [ ! -x "$SIGNET_BUILD/$p" ] || "${place[@]}" "$SIGNET_BUILD/$p" "$LAB/bin"
  done
  for p in "$SIGNET_BUILD"/client/libsignet.so*; do
    [ ! -f "$p" ] || "${place[@]}" "$p" "$LAB/lib"
  done
  "${place[@]}" "$SIGNET_BUILD/client/signet.so" "$LAB/modules"
  "${place[@]}" "$SIGNET_BUILD/client/module/signet-pkcs11.so" "$LAB/lib"
  # OpenSSL looks into one directory only: its own modules stay within reach.
  for p in /usr/lib/*/ossl-modules/*.so; do
    [ ! -f "$p" ] || ln -s "$p" "$LAB/modules"
  done
  lab_sanitize_hosts
  export PATH=$LAB/bin:$PATH OPENSSL_MODULES=$LAB/modules LD_LIBRARY_PATH=$LAB/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
}
