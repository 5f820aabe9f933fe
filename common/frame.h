/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The worker link: what signetd and signet-worker say to each other over SOCK_SEQPACKET (docs/PROTOCOL.md).
 *
 * One packet is one frame: a header of 8 bytes (u8 version, u8 type, u16 zero, u32 id) and a body. The first frame
 * on a connection says what the connection is for: ATTACH turns it over to a worker child, which answers HELLO and
 * the inventory and then serves requests; UNLOCK and LOCK are answered by the supervisor with one STATUS, after which
 * it hangs up. Both sides treat what they receive as hostile: bounded, fully consumed, version checked.
 *
 * Decoded structures borrow from the packet's memory. */
#pragma once

#include "buffer.h"
#include "names.h"

#define FRAME_VERSION     1
#define FRAME_MAX         131072 /* bytes in one packet, header included */
#define FRAME_HEADER      8
#define FRAME_DATA_MAX    65536 /* data of one request or reply */
#define FRAME_STRING_MAX  1024
#define FRAME_DER_MAX     65536 /* one public key or certificate */
#define FRAME_OBJECTS_MAX 65536 /* keys plus certificates in one inventory */

typedef enum FrameType {
        FRAME_ATTACH = 1, /* to worker; empty body */
        FRAME_UNLOCK,     /* to supervisor; empty body, one descriptor (SCM_RIGHTS) to read the PIN from */
        FRAME_LOCK,       /* to supervisor; empty body */
        FRAME_STATUS,     /* from supervisor: FrameResult without data */
        FRAME_HELLO,      /* from worker: FrameHello */
        FRAME_KEY,        /* from worker, after HELLO: FrameKey */
        FRAME_CERT,       /* from worker, after HELLO: FrameCert */
        FRAME_READY,      /* from worker: the inventory is complete; u32 keys, u32 certificates sent */
        FRAME_SIGN,       /* to worker: FrameSign */
        FRAME_DECRYPT,    /* to worker: FrameDecrypt */
        FRAME_DERIVE,     /* to worker: FrameDerive */
        FRAME_RESULT,     /* from worker: FrameResult, with the id of the request */
        _FRAME_TYPE_MAX,
} FrameType;

/* What became of a request, of an unlock, or of a worker's start. Append, never renumber. */
typedef enum WorkerCode {
        WORKER_OK,
        WORKER_NO_SUCH_KEY, /* not on this token (any more) */
        WORKER_LOCKED,      /* the token wants a PIN that nobody has given */
        WORKER_PIN_INCORRECT,
        WORKER_PIN_LAST_TRY, /* not tried: one try is left, a program does not spend it */
        WORKER_PIN_LOCKED,
        WORKER_TOKEN_ABSENT,      /* no token of that label and serial, or removed */
        WORKER_MODULE_FAILED,     /* the module cannot be loaded or initialised */
        WORKER_DECRYPTION_FAILED, /* one code for every reason */
        WORKER_NOT_SUPPORTED,     /* the token has no mechanism for it, or the key does not allow it */
        WORKER_INVALID_INPUT,
        WORKER_DEVICE_ERROR, /* the token failed; the worker ends after this and is replaced */
        _WORKER_CODE_MAX,
} WorkerCode;

const char *worker_code_to_string(WorkerCode c); /* "ok", "no-such-key"...; NULL outside the enum */

typedef struct FrameHeader {
        FrameType type;
        uint32_t id;
} FrameHeader;

/* How the worker came up. With WORKER_OK the token is logged in (or needs no login); with WORKER_LOCKED,
 * WORKER_PIN_*: the public objects follow; with WORKER_TOKEN_ABSENT and WORKER_MODULE_FAILED nothing follows and the
 * worker ends. */
typedef struct FrameHello {
        WorkerCode code;
        Blob label, serial, model,
                manufacturer; /* from CK_TOKEN_INFO, without padding; UTF-8, bytes that are none as '?' */
        uint32_t pin_tries;   /* left, where the token tells: 1 = last, 2 = few, 3 = many, 0 = unknown or none */
        Blob message;         /* for people: what is wrong and what to do; empty when WORKER_OK */
} FrameHello;

enum {
        FRAME_KEY_SIGN = 1 << 0,    /* CKA_SIGN of the private key, or of a public key while the token is locked */
        FRAME_KEY_DECRYPT = 1 << 1, /* CKA_DECRYPT or CKA_UNWRAP */
        FRAME_KEY_DERIVE = 1 << 2,
        FRAME_KEY_PRIVATE = 1 << 3, /* the private key was seen; not so while the token is locked */
        FRAME_KEY_ALWAYS_AUTHENTICATE = 1 << 4,
};

typedef struct FrameKey {
        uint32_t handle; /* names the key in requests on this connection only */
        KeyType type;
        uint8_t flags;
        Blob spki;  /* DER SubjectPublicKeyInfo; empty when the type is unknown */
        Blob label; /* CKA_LABEL, any bytes */
        Blob ckaid; /* CKA_ID */
} FrameKey;

typedef struct FrameCert {
        Blob der;
        Blob label;
        Blob ckaid;
} FrameCert;

/* Requests. deadline_ms counts from receipt; the worker ends itself when it passes. */
typedef struct FrameSign {
        uint32_t handle;
        uint32_t deadline_ms;
        Padding padding;      /* RSA: PKCS1 or PSS; else NONE */
        Hash hash;            /* what `data` is a digest under; NONE for Ed25519, whose data is the message */
        uint16_t salt_length; /* PSS, in bytes */
        Blob data;
} FrameSign;

typedef struct FrameDecrypt {
        uint32_t handle;
        uint32_t deadline_ms;
        Padding padding;     /* PKCS1 or OAEP */
        Hash hash, mgf_hash; /* OAEP */
        bool content_key;    /* purpose cms: the plaintext is a content key; PKCS1 then gives exactly key_length bytes
                              * (16, 24 or 32; 0 for any of them), random ones when the padding is bad */
        uint16_t key_length;
        Blob label; /* OAEP */
        Blob ciphertext;
} FrameDecrypt;

typedef struct FrameDerive {
        uint32_t handle;
        uint32_t deadline_ms;
        Kdf kdf;
        Hash hash;        /* X963 */
        uint16_t length;  /* X963: bytes wanted, at most 64 */
        Blob shared_info; /* X963 */
        Blob peer;        /* the other public key: SEC 1 point for EC, 32 bytes for X25519 */
} FrameDerive;

typedef struct FrameResult {
        WorkerCode code;
        Blob data;    /* the signature (ECDSA: DER Ecdsa-Sig-Value), plaintext or key; empty unless WORKER_OK */
        Blob message; /* for people; empty when WORKER_OK */
} FrameResult;

/* Encoders write a whole frame to `ret` (FRAME_MAX bytes) and return its size, or -EMSGSIZE. */
ssize_t frame_encode_empty(FrameType type, uint32_t id, uint8_t *ret) _must_check_;
ssize_t frame_encode_hello(const FrameHello *m, uint8_t *ret) _must_check_;
ssize_t frame_encode_key(const FrameKey *m, uint8_t *ret) _must_check_;
ssize_t frame_encode_cert(const FrameCert *m, uint8_t *ret) _must_check_;
ssize_t frame_encode_ready(uint32_t n_keys, uint32_t n_certs, uint8_t *ret) _must_check_;
ssize_t frame_encode_sign(uint32_t id, const FrameSign *m, uint8_t *ret) _must_check_;
ssize_t frame_encode_decrypt(uint32_t id, const FrameDecrypt *m, uint8_t *ret) _must_check_;
ssize_t frame_encode_derive(uint32_t id, const FrameDerive *m, uint8_t *ret) _must_check_;
ssize_t frame_encode_result(FrameType type, uint32_t id, const FrameResult *m, uint8_t *ret) _must_check_;

/* Decoders. frame_decode_header leaves the body in *ret_body; the body's decoder consumes all of it.
 * -EBADMSG for anything malformed, over a limit or of another version. */
int frame_decode_header(const void *packet, size_t n, FrameHeader *ret, Reader *ret_body) _must_check_;
int frame_decode_empty(Reader *body) _must_check_;
int frame_decode_hello(Reader *body, FrameHello *ret) _must_check_;
int frame_decode_key(Reader *body, FrameKey *ret) _must_check_;
int frame_decode_cert(Reader *body, FrameCert *ret) _must_check_;
int frame_decode_ready(Reader *body, uint32_t *ret_keys, uint32_t *ret_certs) _must_check_;
int frame_decode_sign(Reader *body, FrameSign *ret) _must_check_;
int frame_decode_decrypt(Reader *body, FrameDecrypt *ret) _must_check_;
int frame_decode_derive(Reader *body, FrameDerive *ret) _must_check_;
int frame_decode_result(Reader *body, FrameResult *ret) _must_check_;
