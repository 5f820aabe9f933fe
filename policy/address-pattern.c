/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Matches mail addresses and domains. Patterns come from the administrator, addresses and domains from requests. */
#include "address-pattern.h"

#include <string.h>

struct AddressPattern {
        Glob *local, *domain;
};

int domain_pattern_parse(const char *text, Glob **ret, Mistake *m) {
        size_t n = strlen(text);

        if (strchr(text, '@'))
                return mistake_set(m, "is no domain; for a mail address there is the setting \"address\"");
        if (text[0] == '.')
                return mistake_set(m, "begins with a dot; for all hosts below a domain write \"*%s\"", text);
        if (n > 0 && text[n - 1] == '.')
                return mistake_set(m, "ends in a dot; leave it away");
        if (strchr(text, '%'))
                return mistake_set(m, "holds a \"%%\"; \"%%u\" is understood in \"key\" and \"address\" only");
        return glob_compile(text, n, GLOB_PLAIN, ret, m);
}

Match domain_pattern_match(const Glob *g, const char *domain) {
        size_t n = strlen(domain);

        /* "example.org." is the same name, written to the root. */
        if (n > 1 && domain[n - 1] == '.')
                n--;
        return glob_match(g, GLOB_FOLD, NULL, domain, n);
}

int address_pattern_parse(const char *text, AddressPattern **ret, Mistake *m) {
        _cleanup_(address_pattern_freep) AddressPattern *p = NULL;
        const char *at = strrchr(text, '@');
        int r;

        if (!at)
                return mistake_set(m, "is no mail address; for all addresses of a domain write \"*@%s\"", text);
        if (at == text)
                return mistake_set(m, "has nothing before the \"@\"; for all addresses of a domain write \"*%s\"",
                                   text);
        if (!at[1])
                return mistake_set(m, "has no domain behind the \"@\"; for all domains write \"%s*\"", text);

        p = calloc(1, sizeof(AddressPattern));
        if (!p)
                return -ENOMEM;
        r = glob_compile(text, (size_t) (at - text), GLOB_USER, &p->local, m);
        if (r != 0)
                return r;
        r = domain_pattern_parse(at + 1, &p->domain, m);
        if (r != 0)
                return r;

        *ret = TAKE_PTR(p);
        return 0;
}

AddressPattern *address_pattern_free(AddressPattern *p) {
        if (!p)
                return NULL;

        glob_free(p->local);
        glob_free(p->domain);
        free(p);
        return NULL;
}

Match address_pattern_match(const AddressPattern *p, GlobCase local_case, const char *user, const char *address) {
        /* A quoted local part may hold an "@"; a domain never does. */
        const char *at = strrchr(address, '@');
        Match local, domain;

        if (!at || at == address || !at[1])
                return MATCH_UNKNOWN;

        local = glob_match(p->local, local_case, user, address, (size_t) (at - address));
        domain = domain_pattern_match(p->domain, at + 1);
        return MIN(local, domain);
}
