#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints what Thunderbird's settings call a certificate's dbkey: eight zero octets, the lengths of serial number and issuer (four octets each), the
serial number's content and the issuer's DER, in base64.

usage: nss-key.py CERTIFICATE.pem"""
import base64
import ssl
import struct
import sys


def element(der, at):
    """Where the content of the DER element at this place begins, and where it ends."""
    size, begin = der[at + 1], at + 2
    if size & 0x80:
        begin += size & 0x7f
        size = int.from_bytes(der[at + 2:begin], 'big')
    return begin, begin + size


with open(sys.argv[1], encoding='ascii') as pem:
    certificate = ssl.PEM_cert_to_DER_cert(pem.read())
serial = element(certificate, element(certificate, 0)[0])[0]  # in Certificate, in TBSCertificate
if certificate[serial] == 0xa0:
    serial = element(certificate, serial)[1]  # after the version
number = certificate[slice(*element(certificate, serial))]
algorithm = element(certificate, serial)[1]
issuer = element(certificate, algorithm)[1]
name = certificate[issuer:element(certificate, issuer)[1]]
print(base64.b64encode(bytes(8) + struct.pack('>II', len(number), len(name)) + number + name).decode())
