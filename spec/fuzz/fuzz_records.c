/* fuzz_records.c -- the record layer of the modern engine: what one side seals the other
 * opens, under any limits, padding and split; and bytes of any kind, protected or not. */
#include "common.h"

#include <string.h>

#include "tls/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const uint16_t suites[] = { 0x1301, 0x1302, 0x1303, 0x1304,
                                   0xC02F, 0xC030, 0xCCA8, 0xC0AC };

typedef struct {
    btls_records sender, receiver;
    btls_queue wire, in;
    int broken; /* the receiver has refused something: it takes no more */
} fuzz;

static uint8_t
take(btls_span *input)
{
    if (input->n == 0)
        return 0;
    input->n--;
    return *input->p++;
}

static void
install(fuzz *f, const btls_suite *suite, uint8_t fill)
{
    uint8_t key[BTLS_AEAD_KEY_MAX], iv[BTLS_AEAD_NONCE];
    memset(key, fill, sizeof key);
    memset(iv, fill, sizeof iv);
    btls_records_install(&f->sender, 1, suite->aead, key, iv);
    btls_records_install(&f->receiver, 0, suite->aead, key, iv);
}

/* Feeds the receiver in pieces of `step` bytes; returns the bytes of content that came.
 * What it says must be consistent. */
static size_t
receive(fuzz *f, btls_span bytes, size_t step)
{
    size_t content = 0;
    while (bytes.n > 0 && !f->broken) {
        size_t k = bytes.n < step ? bytes.n : step, left = k;
        const uint8_t *p = bytes.p;
        btls_record record;
        btls_error e;
        enum btls_record_result result;
        while ((result = btls_records_receive(&f->receiver, &f->in, &p, &left, &record,
                                              &e)) == BTLS_RECORD_READY) {
            FUZZ_CHECK(record.body.n <= BTLS_FULL_FRAGMENT);
            FUZZ_CHECK(record.type == BTLS_APPLICATION_DATA || record.body.n > 0);
            content += record.body.n;
            btls_records_done(&f->in, &record, 0);
        }
        if (result == BTLS_RECORD_BAD) {
            FUZZ_CHECK(e.code != NULL && e.alert > 0);
            btls_queue_commit(&f->in, 0);
            f->broken = 1;
        } else if (result == BTLS_RECORD_MORE) {
            FUZZ_CHECK(left == 0);
        }
        /* After a skipped record the rest of the piece is still there. */
        bytes.p += k - left;
        bytes.n -= k - left;
    }
    return content;
}

/* What was sealed is opened, whole. */
static void
round_trip(fuzz *f, int type, btls_span content, size_t step)
{
    int was_broken = f->broken;
    FUZZ_CHECK(btls_records_send(&f->sender, type, content, &f->wire));
    btls_span sealed = btls_queue_bytes(&f->wire);
    size_t got = receive(f, sealed, step);
    FUZZ_CHECK(was_broken || (!f->broken && got == content.n));
    btls_queue_clear(&f->wire);
}

static void
run(fuzz *f, btls_span input)
{
    static const uint8_t zeros[40000];
    const btls_suite *suite = btls_suite_by_id(suites[take(&input) % 8]);
    unsigned version = btls_suite_is_13(suite) ? BTLS_TLS13 : BTLS_TLS12;
    if (take(&input) & 1) {
        btls_records_set_version(&f->sender, version);
        btls_records_set_version(&f->receiver, version);
        install(f, suite, 7);
    }
    while (input.n > 0 && !f->broken) {
        uint8_t op = take(&input), size = take(&input);
        size_t step = 1 + take(&input);
        btls_span part = { input.p, size < input.n ? size : input.n };
        switch (op % 6) {
        case 0: /* bytes of any kind; whatever comes out of step ends it */
            receive(f, part, step);
            input.p += part.n;
            input.n -= part.n;
            f->broken = 1;
            break;
        case 1:
            round_trip(f, BTLS_APPLICATION_DATA, part, step);
            break;
        case 2:
            round_trip(f, BTLS_HANDSHAKE, (btls_span){ zeros, 1 + (size_t)size * 150 },
                       step * 64);
            break;
        case 3:
            btls_records_limit_sent(&f->sender, 64 + (size_t)size * 64);
            btls_records_limit_received(&f->receiver, 64 + (size_t)size * 64);
            break;
        case 4:
            btls_records_pad(&f->sender, size);
            break;
        default: /* in the clear it would be all application data */
            if (btls_records_protected(&f->receiver, 0))
                btls_records_skip_early_data(&f->receiver);
        }
    }
    /* Bytes of any kind are all that is left. */
    f->broken = 0;
    receive(f, input, 16);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    fuzz *f = btls_zalloc(&fuzz_alloc, sizeof *f);
    btls_records_init(&f->sender);
    btls_records_init(&f->receiver);
    btls_queue_init(&f->wire, &fuzz_alloc);
    btls_queue_init(&f->in, &fuzz_alloc);
    run(f, (btls_span){ p, n });
    btls_queue_clear(&f->wire);
    btls_queue_clear(&f->in);
    btls_free(&fuzz_alloc, f, sizeof *f);
    return 0;
}
