#include "upstream/roster.h"

#include <stdlib.h>

enum {
	ROSTER_RETRY_US =
	    30000000,       /* a name that nobody can tell is asked for at least this often */
	ROSTER_JITTER = 10, /* percent by which names that came together drift apart */
	ROSTER_DOUBLINGS = 16,
	US_PER_S = 1000000,
};

struct rosters {
	struct loop *loop;
	struct resolver *resolver;
	uint64_t timeout_us, min_us, max_us;
	struct map by_key; /* struct roster */
	struct rosters_owner owner;
	bool settling; /* what comes is told to nobody */
};

/* ---- asking ---- */

static uint64_t
roster_clamp(const struct rosters *all, uint64_t us)
{
	return us < all->min_us ? all->min_us : us > all->max_us ? all->max_us : us;
}

/* Since when nobody knows, ever more rarely; a half answer is no reason to wait for long. */
static uint64_t
roster_life_us(const struct roster *r, uint32_t ttl_s)
{
	uint32_t doublings =
	    r->failed_since < ROSTER_DOUBLINGS ? r->failed_since : ROSTER_DOUBLINGS;
	uint64_t life = r->failed_since == 0 ? roster_clamp(r->all, (uint64_t)ttl_s * US_PER_S)
					     : r->all->min_us << (doublings - 1);

	if (r->failed_since > 0 && life > ROSTER_RETRY_US)
		life = roster_clamp(r->all, ROSTER_RETRY_US);
	return life + life * (map_hash(r->key) % ROSTER_JITTER) / 100;
}

static void
roster_ask(struct roster *r)
{
	struct str host = r->text;
	uint64_t port = 0;

	if (r->kind == ROSTER_FILE) {
		r->all->owner.read_begin(r->all->owner.arg, r);
		return;
	}
	if (r->kind == ROSTER_SERVICE) {
		lookup_service(&r->lookup, r->all->resolver, r->text, &r->task);
		return;
	}
	host.len = str_find(host, ':', 0); /* checked when it was read */
	ASSERT(str_to_u64(
	    str_of(host.p + host.len + 1, r->text.len - host.len - 1), UINT16_MAX, &port));
	lookup_name(&r->lookup, r->all->resolver, host, (uint16_t)port, &r->task);
}

/* ---- what comes of it ---- */

static bool
roster_is(const struct roster *r, const struct spot *spots, uint32_t n)
{
	if (r->n != n)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (spot_cmp(&r->spots[i], &spots[i]) != 0 ||
		    r->spots[i].weight != spots[i].weight || r->spots[i].zone != spots[i].zone)
			return false;
	return true;
}

/* Half an answer takes nothing away: both lists in one, and what is in both as it is in `l`. */
static void
roster_merge(const struct roster *r, struct lookup *l)
{
	struct spot *both = xcalloc(r->n + l->n, sizeof(*both));
	uint32_t n = 0, i = 0, j = 0;

	while (i < r->n || j < l->n) {
		int cmp = i == r->n ? 1 : j == l->n ? -1 : spot_cmp(&r->spots[i], &l->spots[j]);

		i += cmp <= 0;
		both[n++] = cmp < 0 ? r->spots[i - 1] : l->spots[j++];
	}
	free(l->spots);
	l->spots = both;
	l->n = n;
}

static void
roster_say(struct roster *r, const char *why)
{
	free(r->why);
	r->why = why != NULL ? xstrdup(why) : NULL;
}

void
roster_give(struct roster *r, struct spot *spots, uint32_t n)
{
	struct rosters *all = r->all;
	struct spot *was = r->spots;
	uint32_t n_was = r->n;
	bool same = roster_is(r, spots, n);

	roster_say(r, NULL);
	r->good_at = all->loop->now;
	r->good++;
	r->failed_since = 0;
	r->spots = spots;
	r->n = n;
	if (!same && !all->settling)
		all->owner.changed(all->owner.arg, r, was, n_was);
	free(was);
}

void
roster_fail(struct roster *r, const char *why)
{
	struct rosters *all = r->all;

	roster_say(r, why);
	r->failed++;
	r->failed_since++;
	if (r->n == 0 && !all->settling) /* it is down for another reason, maybe */
		all->owner.changed(all->owner.arg, r, NULL, 0);
}

/* The answer is here, or there is none. */
static void
roster_take(struct roster *r)
{
	struct lookup *l = &r->lookup;
	uint32_t ttl_s = l->partial ? 0 : l->ttl_s;

	if (l->at == LOOKUP_FOUND) {
		if (l->partial)
			roster_merge(r, l);
		roster_give(r, l->spots, l->n);
		l->spots = NULL;
		if (l->partial)
			roster_say(r, l->why);
	} else {
		roster_fail(r, l->why);
	}
	lookup_end(l);
	r->next_at = r->all->loop->now + roster_life_us(r, ttl_s);
	timer_set(r->all->loop, &r->timer, r->next_at);
}

static void
roster_run(struct task *t)
{
	struct roster *r = container_of(t, struct roster, task);

	if (r->lookup.at > LOOKUP_ASKS)
		roster_take(r);
	else if (r->lookup.at == LOOKUP_IDLE && r->next_at <= r->all->loop->now)
		roster_ask(r);
}

static void
roster_timer(struct timer *t)
{
	struct roster *r = container_of(t, struct roster, timer);

	loop_ready(r->all->loop, &r->task);
}

/* ---- life ---- */

/* Kind and text in one. */
static struct str
roster_key(enum roster_kind kind, struct str text)
{
	char *key = xasprintf("%u %.*s", (unsigned)kind, STR_FMT(text));

	return str_from(key);
}

struct roster *
roster_get(struct rosters *all, enum roster_kind kind, struct str text)
{
	struct str key = roster_key(kind, text);
	struct roster *r = map_get(&all->by_key, key);

	if (r != NULL) {
		free((char *)(uintptr_t)key.p);
		r->refs++;
		return r;
	}
	r = xcalloc(1, sizeof(*r));
	*r = (struct roster){.all = all, .kind = kind, .refs = 1, .key = key};
	r->text = str_of(str_dup(text), text.len);
	r->timer.fire = roster_timer;
	r->task.run = roster_run;
	map_put(&all->by_key, key, r);
	return r;
}

static void
roster_stop(struct roster *r)
{
	if (r->reader != NULL)
		r->all->owner.read_end(r->all->owner.arg, r);
	lookup_end(&r->lookup);
	timer_clear(r->all->loop, &r->timer);
	task_unlist(r->all->loop, &r->task);
}

void
roster_unref(struct roster **rp)
{
	struct roster *r = *rp;

	*rp = NULL;
	if (r == NULL || --r->refs > 0)
		return;
	map_remove(&r->all->by_key, r->key);
	roster_stop(r);
	free(r->spots);
	free(r->why);
	free((char *)(uintptr_t)r->text.p);
	free((char *)(uintptr_t)r->key.p);
	free(r);
}

/* ---- all of them ---- */

void
rosters_set(struct rosters *all, const struct rosters_spec *spec)
{
	if (all->resolver == NULL)
		all->resolver = resolver_new(all->loop, &spec->dns);
	else
		resolver_set(all->resolver, &spec->dns);
	all->timeout_us = spec->dns.timeout_us;
	all->min_us = spec->min_us;
	all->max_us = spec->max_us;
}

static bool
roster_is_new(const struct roster *r)
{
	return r->good + r->failed == 0;
}

void
rosters_settle(struct rosters *all)
{
	uint64_t left = all->timeout_us;

	all->settling = true;
	MAP_EACH(&all->by_key, slot) {
		struct roster *r = slot->value;

		if (r->lookup.at == LOOKUP_IDLE && roster_is_new(r))
			roster_ask(r);
	}
	MAP_EACH(&all->by_key, slot) {
		struct roster *r = slot->value;

		if (roster_is_new(r))
			left = resolver_wait(all->resolver, &r->lookup, left);
		if (r->lookup.at > LOOKUP_ASKS)
			roster_take(r);
	}
	all->settling = false;
}

void
rosters_each(const struct rosters *all, roster_visit_fn *visit, void *arg)
{
	MAP_EACH(&all->by_key, slot)
		visit(arg, slot->value);
}

struct rosters *
rosters_new(struct loop *l, const struct rosters_owner *owner)
{
	struct rosters *all = xcalloc(1, sizeof(*all));

	all->loop = l;
	all->owner = *owner;
	map_init(&all->by_key);
	return all;
}

void
rosters_stop(struct rosters *all)
{
	MAP_EACH(&all->by_key, slot)
		roster_stop(slot->value);
	resolver_free(&all->resolver);
}

void
rosters_free(struct rosters **allp)
{
	struct rosters *all = *allp;

	*allp = NULL;
	if (all == NULL)
		return;
	ASSERT(all->by_key.n == 0);
	map_free(&all->by_key);
	free(all);
}
