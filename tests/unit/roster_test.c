/* What a roster keeps, when it asks again, and what a recipe makes of it: against a resolver of
 * this file, which answers when a test says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "upstream/recipe.h"
#include "upstream/roster.c"

#include "place.h"

#define SECOND UINT64_C(1000000)

/* ---- the resolver ---- */

static struct lookup *asked;
static char asked_for[64];
static struct resolver_spec set;
static unsigned questions;

struct resolver *
resolver_new(struct loop *l, const struct resolver_spec *spec)
{
	(void)l;
	set = *spec;
	return (struct resolver *)&set;
}

void
resolver_set(struct resolver *r, const struct resolver_spec *spec)
{
	(void)r;
	set = *spec;
}

void
resolver_free(struct resolver **r)
{
	*r = NULL;
}

uint64_t
resolver_wait(struct resolver *r, const struct lookup *l, uint64_t us)
{
	(void)r;
	(void)l;
	return us / 2;
}

static void
ask(struct lookup *l, struct str name, unsigned port)
{
	*l = (struct lookup){.at = LOOKUP_ASKS, .ttl_s = UINT32_MAX};
	snprintf(asked_for, sizeof(asked_for), "%.*s port %u", STR_FMT(name), port);
	asked = l;
	questions++;
}

void
lookup_name(
    struct lookup *l, struct resolver *r, struct str name, uint16_t port, struct task *owner)
{
	(void)r;
	(void)owner;
	ask(l, name, port);
}

void
lookup_service(struct lookup *l, struct resolver *r, struct str name, struct task *owner)
{
	(void)r;
	(void)owner;
	ask(l, name, 0);
}

void
lookup_end(struct lookup *l)
{
	free(l->spots);
	*l = (struct lookup){.at = LOOKUP_IDLE};
}

/* ---- the rig ---- */

struct rig {
	struct place *place;
	struct loop *loop;
	struct rosters *all;
	struct roster *roster;
	unsigned changes, begun, ended;
	uint32_t was;
};

static void
changed(void *arg, const struct roster *r, const struct spot *was, uint32_t n)
{
	struct rig *rig = arg;

	assert_ptr_equal(r, rig->roster);
	assert_true(n == 0 || was != NULL);
	rig->changes++;
	rig->was = n;
}

static void
read_begin(void *arg, struct roster *r)
{
	struct rig *rig = arg;

	rig->begun++;
	r->reader = rig;
}

static void
read_end(void *arg, struct roster *r)
{
	struct rig *rig = arg;

	rig->ended++;
	r->reader = NULL;
}

static int
rig_open(void **state)
{
	struct rig *r = xcalloc(1, sizeof(*r));
	void *place;

	place_open(&place);
	r->place = place;
	r->loop = loop_new(r);
	r->all = rosters_new(r->loop, &(struct rosters_owner){changed, read_begin, read_end, r});
	rosters_set(
	    r->all, &(struct rosters_spec){
			.dns.timeout_us = SECOND, .min_us = 5 * SECOND, .max_us = 60 * SECOND});
	r->roster = roster_get(r->all, ROSTER_NAME, STR("api.test:8080"));
	questions = 0;
	*state = r;
	return 0;
}

static int
rig_close(void **state)
{
	struct rig *r = *state;
	void *place = r->place;

	rosters_stop(r->all);
	loop_free(&r->loop);
	roster_unref(&r->roster);
	rosters_free(&r->all);
	place_close(&place);
	free(r);
	return 0;
}

/* "10.0.0.1:80 10/60 ..."; NULL: nothing was found. */
static void
answer(struct rig *r, const char *spots, uint32_t ttl_s, bool partial)
{
	struct str rest = str_from(spots), one;
	struct lookup *l = asked;

	l->ttl_s = ttl_s;
	l->partial = partial;
	l->why = "for a reason";
	l->spots = xcalloc(8, sizeof(*l->spots));
	while (str_cut(&rest, ' ', &one)) {
		struct spot *s = &l->spots[l->n++];
		struct str addr, priority = STR_NONE;
		uint64_t p = 0, w = 0;

		assert_true(str_cut(&one, '=', &addr));
		if (one.len > 0)
			assert_true(str_cut(&one, '/', &priority) && str_to_u64(priority, 9, &p) &&
				    str_to_u64(one, 65535, &w));
		assert_true(addr_parse(addr, false, &s->addr));
		s->priority = (uint16_t)p;
		s->weight = (uint16_t)w;
	}
	l->at = l->n > 0 ? LOOKUP_FOUND : partial ? LOOKUP_FAILED : LOOKUP_NOTHING;
	roster_run(&r->roster->task);
}

/* In how many seconds it asks again. */
static uint64_t
next(const struct rig *r)
{
	return (r->roster->next_at - r->loop->now) / SECOND;
}

static void
ask_again(struct rig *r)
{
	unsigned before = questions;

	r->loop->now = r->roster->next_at;
	roster_run(&r->roster->task);
	assert_int_equal(questions, before + 1);
}

static const char *
known(const struct roster *r)
{
	static char out[256];
	char text[ADDR_TEXT];
	size_t len = 0;

	out[0] = '\0';
	for (uint32_t i = 0; i < r->n; i++) {
		addr_text(&r->spots[i].addr, text);
		len +=
		    (size_t)snprintf(out + len, sizeof(out) - len, "%s%s", i > 0 ? " " : "", text);
	}
	return out;
}

/* ---- tests ---- */

static void
asks_for_what_the_file_says(void **state)
{
	struct rig *r = *state;
	struct roster *service = roster_get(r->all, ROSTER_SERVICE, STR("_http._tcp.test"));
	struct roster *again = roster_get(r->all, ROSTER_NAME, STR("api.test:8080"));

	assert_ptr_equal(again, r->roster);
	roster_unref(&again);
	roster_ask(r->roster);
	assert_string_equal(asked_for, "api.test port 8080");
	roster_ask(service);
	assert_string_equal(asked_for, "_http._tcp.test port 0");
	roster_unref(&service);
}

static void
asks_again_when_the_answer_has_had_its_time(void **state)
{
	struct rig *r = *state;

	roster_ask(r->roster);
	answer(r, "10.0.0.1:80", 20, false);
	assert_in_range(next(r), 20, 22);
	roster_run(&r->roster->task); /* not before */
	assert_int_equal(questions, 1);
	ask_again(r);
	answer(r, "10.0.0.1:80", 0, false);
	assert_in_range(next(r), 5, 6);
	ask_again(r);
	answer(r, "10.0.0.1:80", 100000, false);
	assert_in_range(next(r), 60, 66);
	assert_int_equal(r->changes, 1);
}

static void
keeps_the_last_good_answer(void **state)
{
	struct rig *r = *state;
	uint64_t last = 0;

	roster_ask(r->roster);
	answer(r, "10.0.0.1:80 10.0.0.2:80", 20, false);
	for (int i = 0; i < 20; i++) {
		ask_again(r);
		answer(r, NULL, 20, i % 2 == 0);
		assert_string_equal(known(r->roster), "10.0.0.1:80 10.0.0.2:80");
		assert_string_equal(r->roster->why, "for a reason");
		assert_true(next(r) >= last && next(r) <= 33);
		last = next(r);
	}
	assert_int_equal(r->changes, 1);
	ask_again(r);
	answer(r, "10.0.0.2:80", 20, false);
	assert_null(r->roster->why);
	assert_int_equal(r->changes, 2);
	assert_int_equal(r->was, 2);
	assert_in_range(next(r), 20, 22);
}

static void
takes_nothing_away_for_half_an_answer(void **state)
{
	struct rig *r = *state;

	roster_ask(r->roster);
	answer(r, "10.0.0.1:80 10.0.0.3:80", 20, false);
	ask_again(r);
	answer(r, "10.0.0.2:80 10.0.0.3:80", 20, true);
	assert_string_equal(known(r->roster), "10.0.0.1:80 10.0.0.2:80 10.0.0.3:80");
	assert_in_range(next(r), 5, 6);
	assert_non_null(r->roster->why);
	ask_again(r);
	answer(r, "10.0.0.3:80", 20, false);
	assert_string_equal(known(r->roster), "10.0.0.3:80");
}

static void
tells_of_changes_only(void **state)
{
	struct rig *r = *state;

	roster_ask(r->roster);
	answer(r, NULL, 20, true);
	assert_int_equal(r->changes, 1); /* there still is nobody, and this is why */
	ask_again(r);
	answer(r, "10.0.0.1:80=1/10", 20, false);
	assert_int_equal(r->changes, 2);
	ask_again(r);
	answer(r, "10.0.0.1:80=1/10", 20, false);
	assert_int_equal(r->changes, 2);
	ask_again(r);
	answer(r, "10.0.0.1:80=1/20", 20, false);
	assert_int_equal(r->changes, 3);
}

static void
settles_what_is_new(void **state)
{
	struct rig *r = *state;

	rosters_settle(r->all);
	assert_int_equal(questions, 1);
	assert_int_equal(r->roster->lookup.at, LOOKUP_ASKS); /* nobody said anything */
	asked->at = LOOKUP_NOTHING;
	asked->why = "no such name";
	rosters_settle(r->all);
	assert_string_equal(r->roster->why, "no such name");
	assert_int_equal(r->changes, 0); /* who settles looks */
	rosters_settle(r->all);
	assert_int_equal(questions, 1);
}

/* "10.0.0.1:80*1 ..." */
static void
check_composed(struct rig *r, const struct recipe *recipe, const char *expected)
{
	char text[256] = "";
	size_t len = 0;
	uint32_t n;
	struct balance_target *t = recipe_compose(recipe, r->place->registry, STR("app"), &n);

	for (uint32_t i = 0; i < n; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%.*s*%u",
		    i > 0 ? " " : "", STR_FMT(t[i].endpoint->name), t[i].weight);
		if (t[i].priority > 0)
			len +=
			    (size_t)snprintf(text + len, sizeof(text) - len, "@%u", t[i].priority);
		endpoint_unref(&t[i].endpoint);
	}
	free(t);
	assert_string_equal(text, expected);
	registry_sweep(r->place->registry);
}

static void
composes_targets_of_what_is_known(void **state)
{
	struct rig *r = *state;
	struct recipe_part parts[2] = {{.text = STR("10.0.0.9:80"), .weight = 3},
	    {.text = STR("api.test:8080"), .roster = r->roster, .weight = 2}};
	struct recipe *recipe;

	assert_true(addr_parse(STR("10.0.0.9:80"), false, &parts[0].addr));
	r->roster->refs++;
	recipe = recipe_new(parts, 2);
	assert_true(recipe->living);
	assert_true(recipe_has(recipe, r->roster));
	check_composed(r, recipe, "10.0.0.9:80*3 api.test:8080*2");
	roster_ask(r->roster);
	answer(r, "10.0.0.1:80 10.0.0.9:80", 20, false); /* one of them is there already */
	check_composed(r, recipe, "10.0.0.9:80*3 10.0.0.1:80*2");
	recipe_free(&recipe);
}

static void
composes_services_by_priority_and_weight(void **state)
{
	struct rig *r = *state;
	struct recipe_part part = {.text = STR("_http._tcp.test"), .weight = 1};
	struct recipe *recipe;

	roster_unref(&r->roster);
	part.roster = r->roster = roster_get(r->all, ROSTER_SERVICE, part.text);
	r->roster->refs++;
	recipe = recipe_new(&part, 1);
	roster_ask(r->roster);
	answer(r, "10.0.0.1:80=1/30 10.0.0.2:80=1/0 10.0.0.3:80=2/100", 20, false);
	check_composed(r, recipe, "10.0.0.1:80*30 10.0.0.2:80*1 10.0.0.3:80*100@1");
	ask_again(r);
	answer(r, "10.0.0.1:80=1/65535 10.0.0.2:80=7/6000 10.0.0.3:80=9/1", 20, false);
	check_composed(r, recipe, "10.0.0.1:80*1000 10.0.0.2:80*91@1 10.0.0.3:80*1@2");
	recipe_free(&recipe);
}

/* "10.0.0.1:80 10.0.0.2:80" */
static void
give(struct roster *r, const char *spots)
{
	struct str rest = str_from(spots), one;
	struct spot *v = xcalloc(8, sizeof(*v));
	uint32_t n = 0;

	while (rest.len > 0 && str_cut(&rest, ' ', &one)) {
		assert_true(addr_parse(one, false, &v[n].addr));
		v[n].weight = 5;
		v[n].priority = (uint16_t)(n * 3);
		n++;
	}
	roster_give(r, v, n);
}

static void
has_files_read_by_their_reader(void **state)
{
	struct rig *r = *state;
	struct recipe_part part = {.text = STR("list.yaml"), .weight = 1, .priority = 2};
	struct recipe *recipe;

	roster_unref(&r->roster);
	part.roster = r->roster = roster_get(r->all, ROSTER_FILE, part.text);
	r->roster->refs++;
	recipe = recipe_new(&part, 1);
	rosters_settle(r->all);
	assert_int_equal(r->begun, 1);
	assert_int_equal(questions, 0);
	roster_fail(r->roster, "line 3: it is wrong");
	assert_int_equal(r->changes, 1);
	check_composed(r, recipe, ""); /* nobody, and no endpoint that is down */
	give(r->roster, "10.0.0.1:80 10.0.0.2:80");
	assert_null(r->roster->why);
	roster_fail(r->roster, "line 3: it is wrong");
	check_composed(r, recipe, "10.0.0.1:80*5@2 10.0.0.2:80*5@5");
	give(r->roster, "");
	check_composed(r, recipe, "");
	assert_int_equal(r->changes, 3);
	recipe_free(&recipe);
	rosters_settle(r->all);
	assert_int_equal(r->begun, 1);
	rosters_stop(r->all);
	assert_int_equal(r->ended, 1);
}

#define ROSTER_TEST(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ROSTER_TEST(asks_for_what_the_file_says),
	    ROSTER_TEST(asks_again_when_the_answer_has_had_its_time),
	    ROSTER_TEST(keeps_the_last_good_answer),
	    ROSTER_TEST(takes_nothing_away_for_half_an_answer),
	    ROSTER_TEST(tells_of_changes_only),
	    ROSTER_TEST(settles_what_is_new),
	    ROSTER_TEST(composes_targets_of_what_is_known),
	    ROSTER_TEST(composes_services_by_priority_and_weight),
	    ROSTER_TEST(has_files_read_by_their_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
