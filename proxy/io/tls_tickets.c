#include "io/tls_tickets.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	TICKET_NAME = 16,
	TICKET_SECRET = 32,
	/* One place more than keys that open: the next key is written where nobody looks. */
	TICKET_PLACES = TLS_TICKET_KEYS + 1,
};

struct ticket_key {
	unsigned char name[TICKET_NAME], cipher[TICKET_SECRET], mac[TICKET_SECRET];
};

struct tls_tickets {
	struct ticket_key keys[TICKET_PLACES];
	_Atomic uint32_t current; /* counts on; its key is at current % TICKET_PLACES */
	EVP_CIPHER *cipher;       /* owned; fetched once, since a fetch takes locks */
};

static void
ticket_key_make(struct ticket_key *key)
{
	ASSERT(RAND_bytes(key->name, sizeof(key->name)) == 1);
	ASSERT(RAND_priv_bytes(key->cipher, sizeof(key->cipher)) == 1);
	ASSERT(RAND_priv_bytes(key->mac, sizeof(key->mac)) == 1);
}

struct tls_tickets *
tls_tickets_new(void)
{
	struct tls_tickets *t = xcalloc(1, sizeof(*t));

	t->cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	ASSERT(t->cipher != NULL);
	for (size_t i = 0; i < TICKET_PLACES; i++)
		ticket_key_make(&t->keys[i]);
	return t;
}

void
tls_tickets_free(struct tls_tickets **tp)
{
	struct tls_tickets *t = *tp;

	*tp = NULL;
	if (t == NULL)
		return;
	EVP_CIPHER_free(t->cipher);
	OPENSSL_cleanse(t->keys, sizeof(t->keys));
	free(t);
}

void
tls_tickets_rotate(struct tls_tickets *t)
{
	uint32_t next = atomic_load_explicit(&t->current, memory_order_relaxed) + 1;

	ticket_key_make(&t->keys[next % TICKET_PLACES]);
	atomic_store_explicit(&t->current, next, memory_order_release);
}

static bool
ticket_seal_with(struct ticket_key *key, EVP_MAC_CTX *mac)
{
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac, sizeof(key->mac)),
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"SHA256"}, 0),
	    OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* How many keys ago the ticket was sealed; TLS_TICKET_KEYS: not by any that we have. */
static uint32_t
ticket_age(const struct tls_tickets *t, uint32_t current, const unsigned char *name)
{
	uint32_t age = 0;

	while (age < TLS_TICKET_KEYS &&
	       memcmp(t->keys[(current - age) % TICKET_PLACES].name, name, TICKET_NAME) != 0)
		age++;
	return age;
}

/* The library's question: which key? 1: this one, 2: this one, but seal a new ticket, 0: none. */
static int
ticket_key_of(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
    EVP_MAC_CTX *mac, int seal)
{
	struct tls_tickets *t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	uint32_t current = atomic_load_explicit(&t->current, memory_order_acquire), age = 0;
	struct ticket_key *key;

	if (!seal && (age = ticket_age(t, current, name)) == TLS_TICKET_KEYS)
		return 0;
	key = &t->keys[(current - age) % TICKET_PLACES];
	if (seal) {
		memcpy(name, key->name, TICKET_NAME);
		if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(t->cipher)) != 1 ||
		    EVP_EncryptInit_ex2(cipher, t->cipher, key->cipher, iv, NULL) != 1)
			return -1;
	} else if (EVP_DecryptInit_ex2(cipher, t->cipher, key->cipher, iv, NULL) != 1) {
		return -1;
	}
	if (!ticket_seal_with(key, mac))
		return -1;
	/* In 1.3 a ticket is used once (RFC 8446 appendix C.4), so each use gives the next one. */
	return !seal && (age > 0 || SSL_version(ssl) >= TLS1_3_VERSION) ? 2 : 1;
}

void
tls_tickets_serve(struct tls_tickets *t, SSL_CTX *library)
{
	SSL_CTX_set_app_data(library, t);
	SSL_CTX_set_tlsext_ticket_key_evp_cb(library, ticket_key_of);
}
