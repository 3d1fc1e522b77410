/* explain - what would happen to a request, and why nothing else: the listener, the route and the
 * runners-up with the reason each lost, the backends with their odds and endpoints, the timeouts.
 * The request is made of text and parsed like one from the wire, and the table that carries traffic
 * is asked, so that what is told is what is done. */
#ifndef RUN_EXPLAIN_H
#define RUN_EXPLAIN_H

#include <jansson.h>

#include "config/model.h"
#include "flow/snapshot.h"

struct explain_ask {
	const char *url;     /* "https://api.example.com/v1/cart"; the scheme may be left out */
	const char *method;  /* NULL: GET */
	const char *headers; /* "K: V" lines, by newlines; NULL: none */
	const char *from;    /* an IP address; NULL: nobody in particular */
	size_t limit;        /* candidates that are told */
	bool live;           /* the snapshot serves: endpoints have a state */
};

enum { EXPLAIN_FEW = 6, EXPLAIN_MANY = 50, EXPLAIN_WRONG = 256 };

/* To be released with json_decref. NULL: the question is wrong, said in `wrong`. */
json_t *explain_json(const struct snapshot *s, const struct model *m, const struct explain_ask *ask,
    char wrong[EXPLAIN_WRONG]);
/* It would be sent to a backend. */
bool explain_found(const json_t *answer);
void explain_print(const json_t *answer, FILE *out);

#endif
