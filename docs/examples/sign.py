#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shows: signing a file with a key on a token over D-Bus, from Python. Debian package: python3-jeepney.

    sign.py alice@example.org <FILE >FILE.sig
    signetctl keys alice@example.org --public >alice.pub; openssl dgst -sha256 -verify alice.pub -signature FILE.sig FILE
"""
import hashlib
import sys

from jeepney import DBusAddress, MessageType, new_method_call
from jeepney.io.blocking import open_dbus_connection


def call(path, interface, method, signature, *arguments):
    address = DBusAddress(path, 'org.signetd.Signet1', 'org.signetd.Signet1.' + interface)
    reply = bus.send_and_get_reply(new_method_call(address, method, signature, arguments))
    if reply.header.message_type == MessageType.error:
        sys.exit(f'sign.py: {reply.body[0]}')
    return reply.body[0]


if len(sys.argv) != 2:
    sys.exit('usage: sign.py KEY <FILE >FILE.sig')
bus = open_dbus_connection('SYSTEM')
keys = call('/org/signetd/Signet1', 'Manager', 'FindKeys', 'ss', sys.argv[1], 'sign')
if not keys:
    sys.exit(f'sign.py: no key "{sys.argv[1]}" that you may sign with')
digest = hashlib.sha256(sys.stdin.buffer.read()).digest()
sys.stdout.buffer.write(call(keys[0], 'Key', 'Sign', 'saya{sv}', 'digest', digest, {'hash': ('s', 'sha256')}))
