# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# A lab: a directory with a SoftHSM store, a private bus, users and a running signetd of its own, for tests and for tools/demo. Source it,
# with SIGNET_SOURCE and SIGNET_BUILD set; then lab_begin NAME, what is needed of token.sh and the functions below, and at the end,
# however that comes about, lab_end takes all of it down. Nothing outside the directory is written, no other bus or store is touched.
#
# As root there are the users signetd, alice, bob and carol, with uids of their own, through libnss-wrapper; signetd runs as the first.
# Without root everything runs as the one user there is, and lab_has_users says no.

# shellcheck source=tests/lab/token.sh
. "$SIGNET_SOURCE/tests/lab/token.sh"
# shellcheck source=tests/lab/sanitize.sh
. "$SIGNET_SOURCE/tests/lab/sanitize.sh"

lab_patience=30 # seconds for something to start; 90 under a sanitizer
lab_name=org.signetd.Signet1
lab_fault='' lab_forgiving=''
declare -A lab_pids=()
lab_wrapper=()  # before a command: the lab's users exist for it

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

# lab_begin NAME: makes the directory, $LAB, and $LAB_RUN in or beside it for sockets, whose paths may have 107 bytes only.
lab_begin() {
  local below=$SIGNET_BUILD/lab
  mkdir -p "$below"
  if lab_has_users && ! setpriv --reuid 65534 --regid 65534 --clear-groups test -r "$below" -a -x "$below" 2>/dev/null; then
    below=/tmp # other users cannot come to the build directory; what they run is copied there
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
  lab_sanitize
  lab_programs "$below"
}

# --- users ---------------------------------------------------------------------------------------------------

# Whether there are other users to be: only root can become them.
lab_has_users() {
  [ "$(id -u)" -eq 0 ]
}

lab_users() {
  LAB_USER=$(id -un) # who calls
  LAB_DAEMON_USER=$LAB_USER
  lab_has_users || return 0
  local preload user uid=59000
  preload=$(find /usr/lib -name libnss_wrapper.so -print -quit)
  [ -n "$preload" ] || lab_fail 'libnss_wrapper.so is missing; install libnss-wrapper'
  cp /etc/passwd "$LAB/passwd"
  cp /etc/group "$LAB/group"
  for user in signetd alice bob carol; do
    uid=$((uid + 1))
    mkdir -p "$LAB/home/$user"
    chown "$uid:$uid" "$LAB/home/$user"
    sed -i "/^$user:/d" "$LAB/passwd" "$LAB/group"
    printf '%s:x:%d:%d::%s:/bin/sh\n' "$user" "$uid" "$uid" "$LAB/home/$user" >>"$LAB/passwd"
    printf '%s:x:%d:\n' "$user" "$uid" >>"$LAB/group"
  done
  LAB_DAEMON_USER=signetd
  lab_wrapper=(env "LD_PRELOAD=$preload${LD_PRELOAD:+:$LD_PRELOAD}" "NSS_WRAPPER_PASSWD=$LAB/passwd"
    "NSS_WRAPPER_GROUP=$LAB/group")
}

# lab_uid USER: the user's number.
lab_uid() {
  "${lab_wrapper[@]}" id -u "$1"
}

# lab_become USER: sets the array lab_become to what goes before a command that USER is to run.
lab_become() {
  lab_become=("${lab_wrapper[@]}")
  [ "$1" != "$LAB_USER" ] || return 0
  local uid home
  uid=$(lab_uid "$1")
  home=$("${lab_wrapper[@]}" getent passwd "$1" | cut -d: -f6)
  lab_become+=("HOME=$home" "USER=$1" setpriv --reuid "$uid" --regid "$uid" --init-groups --)
}

# A program "as USER COMMAND..." in $LAB/bin, for people.
lab_as_program() {
  lab_has_users || return 0
  cat >"$LAB/bin/as" <<END
#!/bin/bash
SIGNET_SOURCE='$SIGNET_SOURCE' SIGNET_BUILD='$SIGNET_BUILD' LAB='$LAB' LAB_USER='$LAB_USER'
. "\$SIGNET_SOURCE/tests/lab/lab.sh"
$(declare -p lab_wrapper)
lab_become "\$1"
shift
exec "\${lab_become[@]}" "\$@"
END
  chmod 0755 "$LAB/bin/as"
}

# lab_as USER COMMAND...: as somebody else, with nothing left of root; as the one who calls it just runs.
lab_as() {
  lab_become "$1"
  shift
  "${lab_become[@]}" "$@"
}

# --- processes -----------------------------------------------------------------------------------------------

# lab_start NAME USER COMMAND...: in the background and in a session of its own, so that Ctrl-C does not reach it.
lab_start() {
  local name=$1
  lab_become "$2"
  shift 2
  "${lab_become[@]}" setsid "$@" >>"$LAB/log/$name" 2>&1 </dev/null &
  lab_pids[$name]=$!
}

# lab_stop NAME [SIGNAL]: ends one that lab_start started and waits for it. One that does not go within lab_patience seconds, or that ends
# badly, is a fault of the lab's.
lab_stop() {
  local pid=${lab_pids[$1]-} killer status=0
  [ -n "$pid" ] || return 0
  unset "lab_pids[$1]"
  kill -"${2:-TERM}" "$pid" 2>/dev/null || true
  (trap - EXIT; exec sleep "$lab_patience") &
  killer=$!
  wait -n "$pid" "$killer" 2>/dev/null || true
  if kill "$killer" 2>/dev/null; then
    wait "$killer" 2>/dev/null || true
  else
    lab_blame "$1 did not end within $lab_patience seconds"
    kill -KILL "$pid" 2>/dev/null || true
  fi
  wait "$pid" 2>/dev/null || status=$?
  case "${2:-TERM}:$status" in
    *:0 | TERM:143 | KILL:137) ;;
    *) lab_blame "$1 ended with status $status" ;;
  esac
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
  local status=$? name
  trap - EXIT HUP INT TERM
  set +e
  [ -n "${LAB-}" ] || exit "$status"
  for name in "${!lab_pids[@]}"; do
    [ "$name" = bus ] || lab_stop "$name"
  done
  lab_stop bus
  [ -z "$lab_forgiving" ] || lab_fault='' lab_forgiving=''
  lab_sanitize_reports
  [ -z "$lab_fault" ] || printf '%s: %s\n' "${0##*/}" "$lab_fault" >&2
  if [ "$status" -eq 0 ] && [ -n "$lab_fault" ]; then
    status=98
  fi
  case "$status" in
    0 | 77 | 129 | 130 | 143) ;;
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

# One directory, $LAB/bin, with signetd, signetctl and the others, for PATH; copies where users cannot come to the build directory.
lab_programs() {
  local p f
  mkdir -p "$LAB/bin" "$LAB/modules"
  for p in daemon/signetd pkcs11/signet-worker client/signetctl mail/signet-smime; do
    [ -x "$SIGNET_BUILD/$p" ] || lab_fail "$SIGNET_BUILD/$p is not built"
    lab_place "$1" "$SIGNET_BUILD/$p" "$LAB/bin"
  done
  for f in "$SIGNET_BUILD"/client/libsignet.so*; do
    case "$f" in *.p | *.symbols) ;; *) lab_place "$1" "$f" "$LAB/bin" ;; esac
  done
  [ ! -f "$SIGNET_BUILD/client/signet.so" ] || lab_place "$1" "$SIGNET_BUILD/client/signet.so" "$LAB/modules"
  if [ "$1" = /tmp ]; then
    export LD_LIBRARY_PATH=$LAB/bin${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
  fi
  lab_sanitize_openssl
  export PATH=$LAB/bin:$PATH OPENSSL_MODULES=$LAB/modules
}

lab_place() {
  if [ "$1" = /tmp ]; then
    cp -P "$2" "$3/"
  else
    ln -s "$2" "$3/"
  fi
}

# --- bus and signetd -----------------------------------------------------------------------------------------

# A bus like the system's: what others may do there stands in the project's own bus policy alone.
lab_bus() {
  local policy=$SIGNET_SOURCE/systemd/$lab_name.conf address
  cat >"$LAB/bus.conf" <<END
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=$LAB_RUN/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Introspectable"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Properties"/>
  </policy>
  <include>$policy</include>
  <policy user="$LAB_DAEMON_USER"><allow own="$lab_name"/></policy>
</busconfig>
END
  mkfifo "$LAB/bus.address"
  lab_start bus "$LAB_USER" sh -c "exec dbus-daemon --config-file='$LAB/bus.conf' --nofork --nopidfile --print-address=3 \
    3>'$LAB/bus.address'"
  read -r -t "$lab_patience" address <"$LAB/bus.address" || lab_fail "the bus did not start: $(cat "$LAB/log/bus")"
  export DBUS_SYSTEM_BUS_ADDRESS=$address
}

# lab_config [LINE...]: signetd's configuration, with no token and no rule yet; lines are added to signetd.conf.
lab_config() {
  LAB_CONFIG=$LAB/signetd
  mkdir -p "$LAB_CONFIG/tokens.d" "$LAB_CONFIG/policy.d" "$LAB/audit" "$LAB_RUN/signetd"
  printf '%s\n' "audit-file = \"$LAB/audit/audit.log\"" "runtime-dir = \"$LAB_RUN/signetd\"" \
    "worker = \"$LAB/bin/signet-worker\"" "$@" >"$LAB_CONFIG/signetd.conf"
}

# lab_config_token NAME [LINE...]: a token of SoftHSM's with the label NAME and its PIN in a file; lines are added to its file.
lab_config_token() {
  local name=$1
  shift
  (umask 077 && printf '%s\n' "$lab_pin" >"$LAB_CONFIG/$name.pin")
  printf '%s\n' "module = \"$LAB_MODULE\"" "label = \"$name\"" "pin-file = \"$LAB_CONFIG/$name.pin\"" "$@" \
    >"$LAB_CONFIG/tokens.d/$name.conf"
}

# lab_config_policy: the rules on standard input, in place of those there were.
lab_config_policy() {
  cat >"$LAB_CONFIG/policy.d/lab.conf"
  lab_own "$LAB_CONFIG/policy.d/lab.conf"
}

# Hands files that signetd reads or writes to the user it runs as.
lab_own() {
  [ "$LAB_DAEMON_USER" = "$LAB_USER" ] || chown -R "$(lab_uid "$LAB_DAEMON_USER")" "$@"
}

# lab_signetd [TOKEN=STATE...]: starts signetd and waits until it is on the bus and the tokens are in these states.
lab_signetd() {
  lab_own "$LAB/softhsm" "$LAB_CONFIG" "$LAB/audit" "$LAB_RUN/signetd"
  lab_start signetd "$LAB_DAEMON_USER" "$LAB/bin/signetd" --address "$DBUS_SYSTEM_BUS_ADDRESS" --config "$LAB_CONFIG"
  lab_await "$@" || lab_fail "signetd did not come up: $(cat "$LAB/log/signetd")"
}

# lab_await [TOKEN=STATE...]: waits for signetd that runs already.
lab_await() {
  "$SIGNET_BUILD/tests/lab/await" "$lab_patience" "${lab_pids[signetd]}" "$lab_name" "$@"
}

# lab_demo_policy USER: USER may use the keys called alice-*, bob those called bob-*; nobody else anything.
lab_demo_policy() {
  lab_config_policy <<END
alice-keys: {
    user      = "$1"
    key       = "pkcs11:token=demo;object=alice-*"
    operation = ["sign", "decrypt"]
    purpose   = ["smime", "csr", "digest", "cms", "raw"]
    effect    = "allow"
}

bob-keys: {
    user      = "bob"
    key       = "pkcs11:token=demo;object=bob-*"
    operation = ["sign", "decrypt"]
    purpose   = ["smime", "csr", "digest", "cms", "raw"]
    effect    = "allow"
}
END
}
