/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* signet-smime sign and encrypt. Fed with the user's own mail; who signs and who can read it is decided here. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "output.h"
#include "recipients.h"
#include "smime-make.h"

int sender_address(const Header *header, const char *from, char **ret, Fault *f) {
        char **addresses = NULL;
        size_t n = 0;
        int r = 0;

        if (!from) {
                r = header_addresses(header, "From", &addresses, &n, f);
                if (r == 0 && n == 0)
                        r = fault_set(f, MAIL_E_INVALID_INPUT,
                                      "the mail has no From address; say whose it is with --from");
                else if (r == 0 && n > 1)
                        r = fault_set(f, MAIL_E_INVALID_INPUT,
                                      "the mail's From has %zu addresses; choose one with --from", n);
        }
        if (r == 0) {
                *ret = strdup(from ?: addresses[0]);
                if (!*ret)
                        r = fault_set_errno(f, ENOMEM, "cannot read the mail");
        }
        addresses_free(addresses, n);
        return r;
}

/* Readers compare From with the certificate: a mail that must fail there is not made. */
static int check_from(const Header *header, const Signer *signer, Fault *f) {
        char **addresses = NULL, name[256];
        size_t n = 0;
        bool found = false;
        int r = header_addresses(header, "From", &addresses, &n, f);

        for (size_t i = 0; r == 0 && i < n; i++)
                found = found || certificate_has_address(signer->certificate, addresses[i]);
        if (r == 0 && n > 0 && !found) {
                certificate_describe(signer->certificate, name, sizeof(name));
                r = fault_set(f, MAIL_E_WRONG_ADDRESS,
                              "the mail is from %s, and the certificate of %s does not carry that address: readers "
                              "would be warned",
                              addresses[0], name);
        }
        addresses_free(addresses, n);
        return r;
}

static int find_signer(Keyring *keyring, const Options *o, const Header *header, X509 *certificate,
                       STACK_OF(X509) *more, Signer **ret, Fault *f) {
        _cleanup_(signer_freep) Signer *signer = NULL;
        _cleanup_free_ char *address = NULL;
        int r = 0;

        if (o->from || (!o->key && !certificate))
                r = sender_address(header, o->from, &address, f);
        SignerChoice choice = { address, o->key, certificate, more };
        if (r == 0)
                r = keyring_signer(keyring, &choice, &signer, f);
        if (r == 0)
                r = check_from(header, signer, f);
        if (r == 0)
                *ret = TAKE_PTR(signer);
        return r;
}

/* What --cert names. When signing the first is the signer's, and the others go along. */
static int load_certificates(const Options *o, STACK_OF(X509) **ret, Fault *f) {
        _cleanup_(x509_stack_freep) STACK_OF(X509) *all = sk_X509_new_null();
        int r = all ? 0 : fault_set_errno(f, ENOMEM, "cannot read certificates");

        for (size_t i = 0; r == 0 && i < o->certs.n; i++)
                r = certificates_load(o->certs.items[i], all, f);
        if (r == 0)
                *ret = TAKE_PTR(all);
        return r;
}

static int read_mail(const Options *o, Spool **ret_mail, Header **ret_header, Fault *f) {
        _cleanup_(spool_freep) Spool *mail = NULL;
        int r = input_read(o->in, &mail, f);

        if (r == 0 && spool_size(mail) == 0)
                r = fault_set(f, MAIL_E_INVALID_INPUT, "the mail is empty");
        if (r == 0)
                r = header_read(spool_slice(mail), ret_header, f);
        if (r == 0)
                *ret_mail = TAKE_PTR(mail);
        return r;
}

static int make_and_write(const Options *o, Spool *mail, const Header *header, const SmimeJob *job, Fault *f) {
        _cleanup_(spool_freep) Spool *out = NULL;
        int r = smime_make(spool_slice(mail), header, job, &out, f);

        return r == 0 ? output_write_spool(out, o->out, 0, f) : r;
}

int command_sign(const Options *o, Fault *f) {
        _cleanup_(spool_freep) Spool *mail = NULL;
        _cleanup_(header_freep) Header *header = NULL;
        _cleanup_(keyring_freep) Keyring *keyring = NULL;
        _cleanup_(signer_freep) Signer *signer = NULL;
        _cleanup_(x509_stack_freep) STACK_OF(X509) *certificates = NULL;
        int r;

        r = read_mail(o, &mail, &header, f);
        if (r == 0)
                r = load_certificates(o, &certificates, f);
        if (r == 0)
                r = keyring_new(o->bus, NULL, &keyring, f);
        if (r == 0)
                r = find_signer(keyring, o, header, sk_X509_value(certificates, 0), NULL, &signer, f);
        if (r != 0)
                return r;
        SmimeJob job = { .signer = signer,
                         .sign = { .digest = o->digest, .pss = o->pss, .extra = certificates },
                         .opaque = o->opaque };
        return make_and_write(o, mail, header, &job, f);
}

static int add_addresses(const Header *header, const char *field, OptionList *to, char ***ret_owned, size_t *ret_n,
                         Fault *f) {
        int r = header_addresses(header, field, ret_owned, ret_n, f);

        for (size_t i = 0; r == 0 && i < *ret_n; i++)
                if (option_list_add(to, (*ret_owned)[i]) < 0)
                        r = fault_set_errno(f, ENOMEM, "cannot read the mail");
        return r;
}

typedef struct AddressBook {
        OptionList list; /* points into the command line and into what is owned here */
        char **to, **cc, *self;
        size_t n_to, n_cc;
} AddressBook;

static void address_book_done(AddressBook *b) {
        free(b->list.items);
        addresses_free(b->to, b->n_to);
        addresses_free(b->cc, b->n_cc);
        free(b->self);
}

/* --to; without that and without certificates to encrypt for as they are, the mail's To and Cc; and the sender with
 * --to-self. */
static int find_addresses(const Options *o, const Header *header, AddressBook *b, Fault *f) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < o->to.n; i++)
                if (option_list_add(&b->list, o->to.items[i]) < 0)
                        r = fault_set_errno(f, ENOMEM, "cannot start");
        if (r == 0 && o->to.n == 0 && o->certs.n == 0) {
                r = add_addresses(header, "To", &b->list, &b->to, &b->n_to, f);
                if (r == 0)
                        r = add_addresses(header, "Cc", &b->list, &b->cc, &b->n_cc, f);
                if (r == 0 && b->list.n == 0)
                        r = fault_set(f, MAIL_E_INVALID_INPUT,
                                      "the mail has no To or Cc; say for whom to encrypt with --to or --cert");
                if (r == 0 && header_count(header, "Bcc") > 0)
                        r = fault_set(f, MAIL_E_INVALID_INPUT,
                                      "the mail has a Bcc field: everybody could see for whom it is encrypted; encrypt "
                                      "it once with --to for the others and once for each of those");
        }
        if (r == 0 && o->to_self)
                r = sender_address(header, o->from, &b->self, f);
        return r;
}

static int find_recipients(const Options *o, const Header *header, Keyring *keyring, STACK_OF(X509) *to, Fault *f) {
        _cleanup_(address_book_done) AddressBook book = { 0 };
        RecipientSources sources = { o->certs.items, o->certs.n, o->cert_dirs.items, o->cert_dirs.n, keyring };
        int r = find_addresses(o, header, &book, f);

        if (r == 0)
                r = recipients_find(book.list.items, book.list.n, &sources, to, f);
        if (r == 0 && book.self)
                r = recipients_find((const char *const *) &book.self, 1, &sources, to, f);
        return r;
}

int command_encrypt(const Options *o, Fault *f) {
        _cleanup_(spool_freep) Spool *mail = NULL;
        _cleanup_(header_freep) Header *header = NULL;
        _cleanup_(keyring_freep) Keyring *keyring = NULL;
        _cleanup_(signer_freep) Signer *signer = NULL;
        _cleanup_(x509_stack_freep) STACK_OF(X509) *certificates = NULL, *recipients = sk_X509_new_null();
        int r;

        if (!o->sign && (o->key || o->opaque || o->digest || o->pss))
                return fault_set(f, MAIL_E_USAGE, "--key, --opaque, --digest and --pss are about signing: add --sign");
        if (!recipients)
                return fault_set_errno(f, ENOMEM, "cannot start");
        r = read_mail(o, &mail, &header, f);
        if (r == 0)
                r = keyring_new(o->bus, NULL, &keyring, f);
        if (r == 0)
                r = find_recipients(o, header, keyring, recipients, f);
        if (r == 0 && o->sign)
                r = load_certificates(o, &certificates, f);
        if (r == 0 && o->sign)
                r = find_signer(keyring, o, header, NULL, certificates, &signer, f);
        if (r != 0)
                return r;
        SmimeJob job = { .signer = signer,
                         .sign = { .digest = o->digest, .pss = o->pss },
                         .opaque = o->opaque,
                         .recipients = recipients,
                         .encrypt = { .cipher = o->cipher, .oaep = o->oaep } };
        return make_and_write(o, mail, header, &job, f);
}
