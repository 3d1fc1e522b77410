#include "tls_rig.h"

enum { CERTS = 4 };

struct shelf { /* 0: the default, 1: an exact name, 2 and 3: a wildcard in two kinds */
	struct tls_cert *certs[CERTS];
};

static int
shelf_open(void **state)
{
	static struct shelf shelf;

	shelf.certs[0] = tls_make_cert("DNS:default.test,IP:127.0.0.1", false);
	shelf.certs[1] = tls_make_cert("DNS:Exact.wild.test", false);
	shelf.certs[2] = tls_make_cert("DNS:*.wild.test", true);
	shelf.certs[3] = tls_make_cert("DNS:*.wild.test", false);
	*state = &shelf;
	return 0;
}

static int
shelf_close(void **state)
{
	struct shelf *shelf = *state;

	for (size_t i = 0; i < CERTS; i++)
		tls_cert_unref(&shelf->certs[i]);
	return 0;
}

static struct tls_server *
server(const struct shelf *shelf, bool reject)
{
	const struct tls_server_spec spec = {
	    .certs = shelf->certs, .n_certs = CERTS, .reject_unknown = reject};
	struct tls_wrong wrong;
	struct tls_server *s = tls_server_new(&spec, &wrong);

	assert_non_null(s);
	return s;
}

/* Which certificate a client that asks for this name is shown; CERTS: none. */
static size_t
shown(const struct shelf *shelf, bool reject, const char *name, const char *signatures)
{
	struct tls_server *s = server(shelf, reject);
	struct tls_rig r;
	size_t at = CERTS;

	tls_rig_open(&r, s, pair_unix);
	if (name != NULL)
		SSL_set_tlsext_host_name(r.client, name);
	if (signatures != NULL)
		assert_int_equal(SSL_set1_sigalgs_list(r.client, signatures), 1);
	if (tls_rig_shake(&r) == IO_DONE) {
		X509 *x = SSL_get1_peer_certificate(r.client);

		for (at = 0; at < CERTS && X509_cmp(x, shelf->certs[at]->leaf) != 0; at++)
			;
		X509_free(x);
	} else {
		assert_int_equal(r.conn.tls->failure, TLS_unknown_host);
	}
	tls_rig_close(&r);
	tls_server_unref(&s);
	return at;
}

static void
shows_the_exact_name_before_the_wildcard(void **state)
{
	assert_int_equal(shown(*state, false, "exact.wild.test", NULL), 1);
	assert_int_equal(shown(*state, false, "EXACT.WILD.TEST", NULL), 1);
	assert_int_equal(shown(*state, false, "other.wild.test", NULL), 3);
}

static void
lets_the_star_stand_for_one_label(void **state)
{
	assert_int_equal(shown(*state, false, "a.b.wild.test", NULL), 0);
	assert_int_equal(shown(*state, false, "wild.test", NULL), 0);
}

static void
prefers_ecdsa_to_rsa_where_the_client_can(void **state)
{
	assert_int_equal(shown(*state, false, "a.wild.test", NULL), 3);
	assert_int_equal(shown(*state, false, "a.wild.test", "rsa_pss_rsae_sha256"), 2);
}

static void
shows_the_default_or_refuses(void **state)
{
	assert_int_equal(shown(*state, false, "unknown.test", NULL), 0);
	assert_int_equal(shown(*state, false, NULL, NULL), 0);
	assert_int_equal(shown(*state, true, "unknown.test", NULL), CERTS);
	assert_int_equal(shown(*state, true, "default.test", NULL), 0);
}

static void
knows_what_a_certificate_is_for(void **state)
{
	const struct shelf *shelf = *state;

	assert_true(tls_cert_fits(shelf->certs[0], STR("127.0.0.1")));
	assert_true(tls_cert_fits(shelf->certs[3], STR("x.wild.test")));
	assert_false(tls_cert_fits(shelf->certs[3], STR("x.y.wild.test")));
	assert_false(tls_cert_fits(shelf->certs[3], STR("wild.test")));
	assert_string_equal(shelf->certs[2]->kind, "RSA");
	assert_string_equal(shelf->certs[3]->kind, "ECDSA");
	assert_in_range(shelf->certs[0]->not_after - shelf->certs[0]->not_before, 86400, 86520);
}

static void
says_what_is_wrong_with_a_pair(void **state)
{
	char pair[] = "/tmp/weir-tls-XXXXXX", other[] = "/tmp/weir-tls-XXXXXX";
	struct tls_wrong wrong;

	(void)state;
	close(mkstemp(pair));
	close(mkstemp(other));
	tls_write_pair(pair, "DNS:a.test", false, 60);
	tls_write_pair(other, "DNS:b.test", false, 60);
	assert_null(tls_cert_load(&(struct tls_cert_files){.cert = pair, .key = other}, &wrong));
	assert_non_null(strstr(wrong.text, "does not match"));
	assert_null(tls_cert_load(&(struct tls_cert_files){.cert = "/nowhere.crt"}, &wrong));
	assert_non_null(strstr(wrong.text, "cannot read certificate /nowhere.crt"));
	assert_int_equal(truncate(pair, 0), 0);
	assert_null(tls_cert_load(&(struct tls_cert_files){.cert = pair}, &wrong));
	assert_non_null(strstr(wrong.text, "has no certificate in PEM form"));
	unlink(pair);
	unlink(other);
}

int
main(void)
{
#define SHELF(test) cmocka_unit_test_setup_teardown(test, shelf_open, shelf_close)
	const struct CMUnitTest tests[] = {
	    SHELF(shows_the_exact_name_before_the_wildcard),
	    SHELF(lets_the_star_stand_for_one_label),
	    SHELF(prefers_ecdsa_to_rsa_where_the_client_can),
	    SHELF(shows_the_default_or_refuses),
	    SHELF(knows_what_a_certificate_is_for),
	    cmocka_unit_test(says_what_is_wrong_with_a_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
