/* Client-Cert is RFC 9440: the certificate itself, for who can read one. X-Forwarded-Client-Cert
 * is what it says, in the form that Envoy made known:
 *
 *	Hash=SHA256;Subject="CN=...";URI=spiffe://...;DNS=...
 */
#include "flow/identity.h"

#include <stdio.h>
#include <stdlib.h>

#include "io/tls_peer.h"

enum { IDENTITY_ROOM = 128 * 1024 };

/* RFC 9110 section 5.6.4. */
static void
identity_quoted(FILE *f, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			putc('\\', f);
		putc(s.p[i], f);
	}
}

static void
identity_write(FILE *f, const struct tls_peer *peer)
{
	fprintf(f, "Client-Cert: :%.*s:\r\n", STR_FMT(peer->certificate));
	fprintf(f, "X-Forwarded-Client-Cert: Hash=%s;Subject=\"", peer->digest);
	identity_quoted(f, peer->subject);
	fputs("\"", f);
	for (size_t i = 0; i < peer->n_names; i++)
		fprintf(f, ";%s=%.*s", peer->names[i].uri ? "URI" : "DNS",
		    STR_FMT(peer->names[i].text));
	fputs("\r\n", f);
}

static void
identity_point(struct identity *id, struct str text)
{
	struct str line;

	for (size_t i = 0; i < IDENTITY_FIELDS; i++) {
		size_t colon = str_find(text, ':', 0);

		ASSERT(str_cut(&text, '\n', &line));
		id->fields[i] = (struct field){.name = line.p,
		    .name_len = (uint16_t)colon,
		    .value = line.p + colon + strlen(": "),
		    .value_len = (uint32_t)(line.len - colon - strlen(": \r")),
		    .id = field_id_of(str_of(line.p, colon)),
		    .line = true};
	}
}

struct identity *
identity_new(const struct conn *c)
{
	struct identity *id = NULL;
	struct arena arena;
	struct tls_peer peer;
	FILE *f;
	size_t len;

	arena_init(&arena, NULL, 0, IDENTITY_ROOM);
	if (tls_peer_read(c, &arena, &peer)) {
		id = xcalloc(1, sizeof(*id));
		f = open_memstream(&id->text, &len);
		ASSERT(f != NULL); /* memory */
		identity_write(f, &peer);
		fclose(f);
		identity_point(id, str_of(id->text, len));
		id->subject = str_dup(peer.subject);
	}
	arena_reset(&arena);
	return id;
}

void
identity_free(struct identity **idp)
{
	struct identity *id = *idp;

	*idp = NULL;
	if (id == NULL)
		return;
	free(id->text);
	free(id->subject);
	free(id);
}
