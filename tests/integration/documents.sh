#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The documents lead somewhere: every relative link in them is to a file that is there, and docs/clients/README.md has every page beside it.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"
cd "$SIGNET_SOURCE"

while IFS=: read -r file target; do
  target=${target%%#*}
  case "$target" in
    '' | http:* | https:* | mailto:*) ;;
    *) check "$file: $target" test -e "$(dirname "$file")/$target" ;;
  esac
done < <(find . \( -path './build*' -o -path ./.git \) -prune -o -name '*.md' -print | sort |
  xargs grep -oHE '\]\([^) ]+\)' | sed 's/^\.\///; s/:\](/:/; s/)$//')

for page in docs/clients/*.md; do
  page=${page##*/}
  [ "$page" = README.md ] || check "docs/clients/README.md has $page" grep -q "($page)" docs/clients/README.md
done
check_done
