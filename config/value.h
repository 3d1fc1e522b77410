/* value - one scalar of the configuration: text in, a typed value out, or what is wrong with it and
 * what would be right. Pure: no file, no lookup, no allocation. */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "config/model.h"

struct value_wrong {
	char text[256]; /* a sentence; empty: say what the key wants */
	char hint[256]; /* empty: none */
	bool inside;    /* the fault is at offset, not the whole scalar */
	size_t offset;
};

/* Whole number of at most max; no sign, no leading zeros, no other base. */
bool value_number(struct str text, uint64_t min, uint64_t max, uint64_t *out) NODISCARD;
/* "5s" in microseconds; units ms s m h d, always one. */
bool value_duration(struct str text, uint64_t *out, struct value_wrong *w) NODISCARD;
/* "64KB" in bytes; units B KB MB GB, of 1024, always one. */
bool value_size(struct str text, uint64_t *out, struct value_wrong *w) NODISCARD;
/* "125%". */
bool value_percent(struct str text, uint64_t *out, struct value_wrong *w) NODISCARD;
/* The same, 0%-100%. */
bool value_share(struct str text, uint64_t *out, struct value_wrong *w) NODISCARD;
/* "10.0.0.1:80", "[::1]:80", ":80" (all IPv4 interfaces). */
bool value_address(struct str text, struct addr *out, struct value_wrong *w) NODISCARD;
/* The same, or "name:80"; then host is set. */
bool value_endpoint(
    struct str text, struct str *host, struct addr *out, struct value_wrong *w) NODISCARD;
/* A name of SRV records: "_http._tcp.api.internal". */
bool value_service(struct str text, struct value_wrong *w) NODISCARD;
/* "10.0.0.2" (port 53) or "10.0.0.2:5353". */
bool value_server(struct str text, struct addr *out, struct value_wrong *w) NODISCARD;
bool value_cidr(struct str text, struct cidr *out, struct value_wrong *w) NODISCARD;
/* What names a backend or a listener, and stands in logs, metrics and addresses of pages. */
bool value_name(struct str text, struct value_wrong *w) NODISCARD;
/* Visible text on one line, for a route's name or a file. */
bool value_line(struct str text, struct value_wrong *w) NODISCARD;
bool value_method(struct str text, struct value_wrong *w) NODISCARD;
bool value_token(struct str text, struct value_wrong *w) NODISCARD;
/* A host to match; "*" is any. host is written in lower case into room of the text's length. */
bool value_host(struct str text, char *room, struct str *host, struct value_wrong *w) NODISCARD;
/* An exact path, a prefix by segments, or "~" and a pattern; path borrows from the text. */
bool value_path(
    struct str text, enum model_path *kind, struct str *path, struct value_wrong *w) NODISCARD;
/* "any" or "host/path", see weir.yaml(5); room and borrowing as above. */
bool value_match(
    struct str text, char *room, struct model_route *out, struct value_wrong *w) NODISCARD;
/* "present", "~pattern" or exact text. */
bool value_predicate(struct str text, struct model_predicate *out, struct value_wrong *w) NODISCARD;
/* "client", "path", "header NAME", "cookie NAME". */
bool value_hash_key(
    struct str text, enum model_hash_key *key, struct str *name, struct value_wrong *w) NODISCARD;

/* value_check.c: "GET /healthz every 2s", "tcp", "off"; borrows from the text. *every 0: not said.
 */
bool value_ask(
    struct str text, struct model_ask *out, uint64_t *every, struct value_wrong *w) NODISCARD;
/* It was said where a key stands for it; always false. */
bool value_every_is_a_key(struct value_wrong *w);
/* "200" or "200-399". */
bool value_range(
    struct str text, uint64_t min, uint64_t max, uint64_t *first, uint64_t *last) NODISCARD;
/* A token that may be sent, and that weir does not write itself. */
bool value_field_name(struct str text, struct value_wrong *w) NODISCARD;

#endif
