#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# NeoMutt, through all that mutt.sh does.
exec "$SIGNET_SOURCE/tests/clients/mutt.sh" neomutt
