/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two sessions, a list of objects, and statuses as the module's core maps those that its operations tell apart. Fed by
 * tests. */
#include "fake-session.h"

#include <string.h>

#include "client/module/names.h"

#define OBJECTS_MAX 4096

static Module module;
static Session sessions[FAKE_SESSIONS];
static Object *objects[OBJECTS_MAX];
static size_t n_objects;
static CK_OBJECT_HANDLE next_handle;

void fake_session_start(void) {
        module = (Module){ .crypto = OSSL_LIB_CTX_new() };
        for (size_t i = 0; i < FAKE_SESSIONS; i++)
                sessions[i] = (Session){ .handle = i + 1, .lock = PTHREAD_MUTEX_INITIALIZER };
        n_objects = 0;
        next_handle = 1;
}

void fake_session_stop(void) {
        for (size_t i = 0; i < FAKE_SESSIONS; i++) {
                digest_operation_free(sessions[i].digest);
                sign_operation_free(sessions[i].sign);
                decrypt_operation_free(sessions[i].decrypt);
        }
        for (size_t i = 0; i < n_objects; i++)
                object_unref(objects[i]);
        OSSL_LIB_CTX_free(module.crypto);
}

/* --- objects ------------------------------------------------------------------------------------------ */

static CK_OBJECT_HANDLE add(Object *o) {
        if (n_objects == OBJECTS_MAX)
                abort();
        objects[n_objects++] = o;
        return o->handle;
}

static CK_OBJECT_HANDLE make(const char *label,
                             CK_RV (*maker)(const ObjectPlace *place, signet_key *key, Object **ret)) {
        ObjectPlace place = { .id = (const unsigned char *) label, .id_size = strlen(label), .label = label };
        signet_client *client;
        signet_key *key;
        Object *o;

        place.crypto = module.crypto;
        if (signet_client_new(NULL, &client) != 0 || signet_find_key(client, label, NULL, &key) != 0 ||
            maker(&place, key, &o) != CKR_OK)
                abort();
        signet_key_unref(key);
        signet_client_unref(client);
        return add(o);
}

CK_OBJECT_HANDLE fake_private(const char *label) {
        return make(label, object_new_private);
}

CK_OBJECT_HANDLE fake_public_object(const char *label) {
        return make(label, object_new_public);
}

Object *fake_object(CK_OBJECT_HANDLE handle) {
        for (size_t i = 0; i < n_objects; i++)
                if (objects[i]->handle == handle)
                        return objects[i];
        return NULL;
}

Session *fake_session(CK_SESSION_HANDLE handle) {
        return &sessions[handle - 1];
}

CK_RV names_object(Names *n _unused_, const unsigned char identity[static 32] _unused_, CK_OBJECT_HANDLE *ret) {
        *ret = next_handle++;
        return CKR_OK;
}

CK_OBJECT_HANDLE names_session_object(Names *n _unused_) {
        return NAMES_SESSION_OBJECT + next_handle++;
}

/* --- calls -------------------------------------------------------------------------------------------- */

CK_RV call_begin(CK_SESSION_HANDLE session, Call *ret) {
        if (session == 0 || session > FAKE_SESSIONS)
                return CKR_SESSION_HANDLE_INVALID;
        pthread_mutex_lock(&sessions[session - 1].lock);
        *ret = (Call){ &module, &sessions[session - 1] };
        return CKR_OK;
}

void call_end(Call *c) {
        if (c->session)
                pthread_mutex_unlock(&c->session->lock);
}

CK_RV call_key(const Call *c _unused_, CK_OBJECT_HANDLE handle, Object **ret) {
        Object *o = fake_object(handle);

        if (!o)
                return CKR_KEY_HANDLE_INVALID;
        *ret = object_ref(o);
        return CKR_OK;
}

CK_RV call_add_object(const Call *c _unused_, Object *o) {
        add(object_ref(o));
        return CKR_OK;
}

CK_RV module_status(int status, const char *what _unused_) {
        switch (status) {
        case 0:
                return CKR_OK;
        case SIGNET_E_NO_SUCH_KEY:
                return CKR_KEY_HANDLE_INVALID;
        case SIGNET_E_NOT_AUTHORIZED:
                return CKR_KEY_FUNCTION_NOT_PERMITTED;
        case SIGNET_E_DECRYPTION_FAILED:
                return CKR_ENCRYPTED_DATA_INVALID;
        case SIGNET_E_INVALID_INPUT:
                return CKR_DATA_INVALID;
        default:
                return CKR_GENERAL_ERROR;
        }
}

CK_RV module_refuse(CK_RV rv, const char *why _unused_) {
        return rv;
}
