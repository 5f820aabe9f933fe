#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Has a Thunderbird that runs with --marionette do what its user would do, and prints what came of it as a line of JSON.

usage: thunderbird.py ready
       thunderbird.py send IDENTITY TO SUBJECT [sign] [encrypt]
       thunderbird.py read FILE SIGNATURE ENCRYPTION

SIGNATURE and ENCRYPTION: the numbers that Thunderbird should come to, nsICMSMessageErrors less 0x80550000; 0 for good, "none" where there is none.
The status is 0 when the mail was sent, or is as expected."""
import json
import os
import sys

from marionette import Marionette

TEXT = 'Hello from Thunderbird,\r\nwith a second line.\r\n'


def number(word):
    return None if word == 'none' else int(word)


def main():
    what, *rest = sys.argv[1:]
    options = {}
    if what == 'send':
        options = dict(identity=rest[0], to=rest[1], subject=rest[2], text=TEXT, sign='sign' in rest[3:], encrypt='encrypt' in rest[3:])
    elif what == 'read':
        options = dict(path=os.path.abspath(rest[0]), signature=number(rest[1]), encryption=number(rest[2]))
    with open(os.path.join(os.path.dirname(__file__), 'thunderbird.js'), encoding='utf-8') as file:
        script = file.read()
    program = Marionette()
    try:
        result = program.run(script, what, options)
    finally:
        program.close()
    print(json.dumps(result, ensure_ascii=False))
    if what == 'ready':
        return result is not True
    if what == 'send':
        return not result.get('sent')
    return (result.get('signature'), result.get('encryption')) != (options['signature'], options['encryption'])


sys.exit(main())
