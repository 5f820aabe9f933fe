#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cut-signed.py MAIL CONTENT SIGNATURE: takes a multipart/signed mail apart, byte by byte, as RFC 1847 says: the first part with its header,
line ends as CRLF, and the decoded signature."""
import base64
import email
import re
import sys

with open(sys.argv[1], "rb") as f:
    raw = re.sub(rb"\r?\n", b"\r\n", f.read())
boundary = email.message_from_bytes(raw).get_boundary().encode()
parts = re.split(rb"(?:^|\r\n)--" + re.escape(boundary) + rb"(?:--)?[ \t]*(?:\r\n|$)", raw)
with open(sys.argv[2], "wb") as f:
    f.write(parts[1])
with open(sys.argv[3], "wb") as f:
    f.write(base64.b64decode(parts[2].split(b"\r\n\r\n", 1)[1]))
