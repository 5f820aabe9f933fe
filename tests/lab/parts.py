#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""parts.py FILE: one line for each leaf part of a mail: type, file name, SHA-256 of its decoded content, line ends of text apart.

Two mails that say the same to a reader print the same, however they were wrapped, encoded or canonicalised.
"""
import email
import email.policy
import hashlib
import sys

with open(sys.argv[1], "rb") as f:
    message = email.message_from_binary_file(f, policy=email.policy.default)
for part in message.walk():
    if part.is_multipart():
        continue
    content = part.get_payload(decode=True)
    if part.get_content_maintype() == "text":
        content = content.replace(b"\r\n", b"\n").rstrip(b"\n")
    print(part.get_content_type(), part.get_filename("-"), hashlib.sha256(content).hexdigest())
