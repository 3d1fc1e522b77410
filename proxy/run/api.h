/* api - the answers behind the admin doors; one function each, in api_*.c, listed in doors.c. */
#ifndef RUN_API_H
#define RUN_API_H

#include <jansson.h>

#include "admin/admin.h"
#include "run/server.h"

enum { API_HISTORY = 64, API_SAMPLE_US = 10000000, API_TEXT = 160, API_EVENT = 320 };

struct api_event { /* something that happened to the process */
	uint64_t wall_us, generation;
	char what[API_EVENT], who[API_TEXT];
};

struct api_sample { /* sums over everything served since the start, at one moment */
	uint64_t at, requests, failed;
};

enum api_wish { API_NOTHING, API_RELOAD, API_DRAIN, API_STOP };

struct api { /* owned by s->admin's owner pointer: doors.c makes and frees it */
	struct server *server;
	struct api_event events[API_HISTORY]; /* a ring; the newest is number n_events - 1 */
	uint64_t n_events;
	bool checked;                 /* who was there at the start has had its first check */
	struct api_sample samples[2]; /* the older one first: rates are since then */
	struct timer sample_timer;
	struct task later; /* does the wish, when the answer has left */
	enum api_wish wish;
	char wish_who[API_TEXT];
};

admin_answer_fn api_healthz, api_ready, api_metrics;                      /* api_metrics.c */
admin_answer_fn api_status;                                               /* api_status.c */
admin_answer_fn api_listeners, api_routes, api_backends, api_connections; /* api_lists.c */
admin_answer_fn api_names;                                                /* api_names.c */
admin_answer_fn api_certs;                                                /* api_certs.c */
admin_answer_fn api_endpoints;                                            /* api_hands.c */
admin_answer_fn api_config, api_schema, api_explain;                      /* api_config.c */
admin_answer_fn api_reload, api_drain, api_stop, api_history;             /* api_change.c */

/* Takes the JSON. */
void api_json(struct admin_answer *a, unsigned status, json_t *json);
/* Text being written; api_text_end makes it the answer. */
FILE *api_text_begin(struct admin_answer *a);
void api_text_end(struct admin_answer *a, unsigned status, FILE *f);
json_t *api_str(struct str s);
void api_put_place(json_t *to, const struct position *at);
uint64_t api_wall_us(void);
/* "2026-11-22T19:30:29Z" */
json_t *api_time(uint64_t wall_us);
/* "2 h", "3 min", "12 s" */
void api_ago(uint64_t us, char out[32]);

/* api_sums.c: reads what workers count. */
struct api_sample api_sample_now(const struct server *s);
void api_route_sums(const struct server *s, struct meter *m, struct api_sample *out);
uint64_t api_worker_conns(const struct server *s, uint32_t worker);
json_t *api_listeners_json(const struct server *s);
json_t *api_endpoint_json(const struct endpoint *e, uint64_t now);
void api_endpoint_text(const struct endpoint *e, FILE *f);
json_t *api_backends_json(const struct server *s);
json_t *api_priorities_json(const struct groups *g);
void api_backends_text(const struct server *s, FILE *f);
void api_listeners_text(const struct server *s, FILE *f);

#endif
