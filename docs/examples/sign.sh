#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Shows: signing a file with a key on a token from a shell script by signetctl, and verifying it with openssl, which needs no signetd for that.
#
#     sign.sh alice@example.org FILE        writes FILE.sig and FILE.pub
set -eu

signetctl sign --key "$1" --in "$2" --out "$2.sig"
signetctl keys "$1" --operation sign --public >"$2.pub"
openssl dgst -sha256 -verify "$2.pub" -signature "$2.sig" "$2"
