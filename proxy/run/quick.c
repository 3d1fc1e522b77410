#include "run/quick.h"

#include <ctype.h>
#include <stdio.h>

/* Nothing that could end a quoted scalar or begin another line. */
static bool
quick_is_plain(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++)
		if (!isalnum((unsigned char)*s) && strchr(".:-_[]%", *s) == NULL)
			return false;
	return true;
}

static bool
quick_is_port(const char *s)
{
	return *s != '\0' && s[strspn(s, "0123456789")] == '\0';
}

/* What every form of an address has in common: ":80" and "80" stand for `any`:80. */
static void
quick_address(FILE *out, const char *word, const char *any)
{
	if (*word == ':' && quick_is_port(word + 1))
		word++;
	if (quick_is_port(word))
		fprintf(out, "\"%s:%s\"", any, word);
	else
		fprintf(out, "\"%s\"", word);
}

static void
quick_listen(FILE *out, const struct quick *q)
{
	const char *port = q->listen + (*q->listen == ':');

	fprintf(out, "listen:\n  %s: {", q->tcp ? "tcp" : "http");
	if (quick_is_port(port))
		fprintf(out, "port: %s", port);
	else
		fprintf(out, "address: \"%s\"", q->listen);
	fputs(q->tcp ? ", protocol: tcp, to: app}\n" : "}\nroutes:\n  - {match: any, to: app}\n",
	    out);
}

char *
quick_yaml(const struct quick *q)
{
	char *text = NULL;
	size_t len;
	FILE *out;

	if (!quick_is_plain(q->listen))
		return NULL;
	for (unsigned i = 0; i < q->n_to; i++)
		if (!quick_is_plain(q->to[i]))
			return NULL;
	out = open_memstream(&text, &len);
	ASSERT(out != NULL);
	quick_listen(out, q);
	fputs("backends:\n  app: {endpoints: [", out);
	for (unsigned i = 0; i < q->n_to; i++) {
		fputs(i > 0 ? ", " : "", out);
		quick_address(out, q->to[i], "127.0.0.1");
	}
	fputs("]}\n", out);
	ASSERT(fclose(out) == 0);
	return text;
}
