#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# libsignet as others build against it: what it exports is what the list in tests/data says and what header and documentation describe; the header
# is C99 and C++; every example of docs/LIBRARY.md compiles; what is installed is enough to build a program.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

work=$(mktemp -d "$SIGNET_BUILD/interface.XXXXXX")
trap 'rm -rf "$work"' EXIT
library=$SIGNET_BUILD/client/libsignet.so.0
header=$SIGNET_SOURCE/client/signet.h
list=$SIGNET_SOURCE/tests/data/libsignet.symbols
text=$SIGNET_SOURCE/docs/LIBRARY.md

# --- what is exported ----------------------------------------------------------------------------------------

nm -D --defined-only --with-symbol-versions "$library" | awk '$2 == "T" || $2 == "D" || $2 == "B" { print $3 }' |
  sed 's/@@/ /' | LC_ALL=C sort >"$work/exported"
same 'it exports what the list says, no more and no less' "$(cat "$work/exported")" "$(cat "$list")"
cut -d' ' -f1 "$work/exported" >"$work/functions"
sed 's,/\*.*,,; s,^ \*.*,,' "$header" | grep -o 'signet_[a-z_]*(' | tr -d '(' | LC_ALL=C sort -u >"$work/declared"
same 'that is what the header declares' "$(cat "$work/functions")" "$(cat "$work/declared")"
check 'its soname is libsignet.so.0' grep -q 'SONAME.*\[libsignet.so.0\]' <(readelf -d "$library")

# --- what is written about it --------------------------------------------------------------------------------

# Each ```c block of the text, in a file of its own. Those that return something are examples, the others declarations for reading.
awk -v work="$work" '
  /^```c$/ { inside = 1; n++; file = sprintf("%s/block-%03d", work, n); next }
  /^```$/ { inside = 0; close(file); next }
  inside { print > file }' "$text"
grep -lw return "$work"/block-* | xargs cat >"$work/examples"
missing=''
while read -r function; do
  grep -q "^### .*\b$function\b" "$text" || missing+=" $function (heading)"
  grep -q "\b$function(" "$work/examples" || missing+=" $function (example)"
  grep -q "\*$function\*()" "$SIGNET_SOURCE/docs/libsignet.3.scd" || missing+=" $function (man page)"
done <"$work/functions"
same 'docs/LIBRARY.md and libsignet(3) have every function, and an example uses it' "$missing" ''

preamble='#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <signet.h>'
for block in "$work"/block-*; do
  if grep -qw return "$block"; then
    printf '%s\nint example(signet_client *client, signet_key *key, signet_token *token);\n' "$preamble"
    printf 'int example(signet_client *client, signet_key *key, signet_token *token) {\n(void) client; (void) key; (void) token;\n'
    cat "$block"
    printf '}\n'
  else
    printf '%s\n' "$preamble"
    cat "$block"
  fi >"$block.c"
  cc -std=c99 -D_DEFAULT_SOURCE -Wall -Wextra -Werror -fsyntax-only -I"$SIGNET_SOURCE/client" "$block.c" 2>"$block.log" ||
    check_failed 'the examples compile' "$(cat "$block")" "$(cat "$block.log")"
done
printf 'ok: %s blocks of C in docs/LIBRARY.md compile\n' "$(find "$work" -name 'block-*.c' | wc -l)"

# --- the header ----------------------------------------------------------------------------------------------

printf '#include <signet.h>\nsignet_options o = SIGNET_OPTIONS_INIT;\n' >"$work/use.c"
cp "$work/use.c" "$work/use.cc"
check 'the header is C99' cc -std=c99 -pedantic -Wall -Wextra -Wstrict-prototypes -Werror -fsyntax-only -I"$SIGNET_SOURCE/client" "$work/use.c"
if command -v c++ >/dev/null; then
  check 'the header is C++' c++ -std=c++11 -pedantic -Wall -Wextra -Werror -fsyntax-only -I"$SIGNET_SOURCE/client" "$work/use.cc"
else
  skip 'the header in C++: no C++ compiler'
fi

# --- what is installed ---------------------------------------------------------------------------------------

if ! command -v meson >/dev/null || ! command -v pkg-config >/dev/null; then
  skip 'building against the installed library: needs meson and pkg-config'
elif [ "${SIGNET_SANITIZE:-none}" != none ]; then
  skip 'building against the installed library: a sanitized one needs more than pkg-config says'
else
  check 'meson installs' env DESTDIR="$work/root" meson install -C "$SIGNET_BUILD" --no-rebuild --quiet
  pc=$(find "$work/root" -name libsignet.pc)
  export PKG_CONFIG_PATH=${pc%/*} PKG_CONFIG_SYSROOT_DIR=$work/root
  # shellcheck disable=SC2046 # words on purpose
  check 'a program builds with what is installed' cc -Wall -Werror -o "$work/sign" "$SIGNET_SOURCE/docs/examples/sign.c" \
    $(pkg-config --cflags --libs libsignet)
  libdir=$(find "$work/root" -name libsignet.so.0 -printf %h)
  refuse 'and runs' 'cannot connect to the bus' env LD_LIBRARY_PATH="$libdir" DBUS_SYSTEM_BUS_ADDRESS="unix:path=$work/nowhere" \
    "$work/sign" 'pkcs11:object=alice' </dev/null
fi
check_done
