#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Says what an introspection answer has of one interface, in lines that can be compared.

    introspection.py INTERFACE < answer.xml

Annotations that only sd-bus knows (org.freedesktop.systemd1.*) are left out: they differ from version to version.
"""
import sys
import xml.etree.ElementTree as tree

EMITS = "org.freedesktop.DBus.Property.EmitsChangedSignal"


def lines(interface):
    for member in interface:
        if member.tag == "annotation":
            continue
        words = [member.tag, member.get("name")]
        if member.tag == "property":
            emits = [a.get("value") for a in member.findall("annotation") if a.get("name") == EMITS]
            words += [member.get("type"), member.get("access"), "emits", *(emits or ["true"])]
        for arg in member.findall("arg"):
            words += [arg.get("direction", "in"), arg.get("type"), arg.get("name") or "?"]
        yield " ".join(words)


def main():
    found = [i for i in tree.parse(sys.stdin).getroot().findall("interface") if i.get("name") == sys.argv[1]]
    if not found:
        sys.exit(f"no interface {sys.argv[1]}")
    print(*sorted(lines(found[0])), sep="\n")


main()
