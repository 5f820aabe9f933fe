# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # lab.sh and its other files share these variables
# A lab in a build with sanitizers. Sourced by lab.sh. Reports of every program of ours, workers and other users' included, are files in one
# directory; lab_end finds them there, whatever the exit status was and whoever swallowed it.

lab_sanitized() {
  [ "${SIGNET_SANITIZE:-none}" != none ]
}

lab_sanitize() {
  lab_sanitized || return 0
  lab_patience=90
  mkdir -m 1777 "$LAB/sanitizer"
  # libnss_wrapper is preloaded before the run-time library; it replaces no allocator, so the order does not matter.
  export ASAN_OPTIONS=verify_asan_link_order=0:log_path=$LAB/sanitizer/report:detect_stack_use_after_return=1
  export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:log_path=$LAB/sanitizer/report
  export LSAN_OPTIONS=suppressions=$SIGNET_SOURCE/tests/lab/lsan.supp:print_suppressions=0
}

lab_sanitize_host_options() {
  printf '%s' "$ASAN_OPTIONS"
  [ "$1" = openssl ] || printf ':detect_leaks=0'
}

# These are not ours and not instrumented, but they load what is ours: the run-time library has to be there first.
lab_sanitize_hosts() {
  local library program
  lab_sanitized || return 0
  library=$(ldd "$SIGNET_BUILD/daemon/signetd" | awk '/libasan/ { print $3 }')
  [ -n "$library" ] || return 0
  for program in openssl pkcs11-tool p11tool; do
    command -v "$program" >/dev/null || continue
    # Only with our module: pkcs11-tool 0.23 leaks, and uses what it freed, when it reads public keys.
    cat >"$LAB/bin/$program" <<END
#!/bin/sh
case "$program \$*" in
  openssl* | *signet-pkcs11*) export ASAN_OPTIONS="$(lab_sanitize_host_options "$program")" LD_PRELOAD="$library:\$LD_PRELOAD" ;;
esac
exec $(command -v "$program") "\$@"
END
    chmod 0755 "$LAB/bin/$program"
  done
}

lab_sanitize_reports() {
  local f
  lab_sanitized || return 0
  for f in "$LAB"/sanitizer/report*; do
    [ -s "$f" ] || continue
    lab_blame "a sanitizer found something"
    head -n 60 "$f" >&2
  done
}
