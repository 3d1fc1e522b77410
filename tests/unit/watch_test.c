/* Files of a folder of their own, changed in all the ways in which files change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>

#include "io/watch.c"

enum { US_OF_PATIENCE = 5000000, US_OF_QUIET = 120000, MANY = 500 };

struct rig {
	struct loop *loop;
	struct watcher *watcher;
	struct watched watched;
	struct task owner;
	struct timer alarm;
	char folder[32];
	unsigned told, wanted;
};

static void
told(struct task *t)
{
	struct rig *r = container_of(t, struct rig, owner);

	if (++r->told == r->wanted)
		loop_stop(r->loop);
}

static void
late(struct timer *t)
{
	loop_stop(container_of(t, struct rig, alarm)->loop);
}

/* Turns until it was told so often, or for so long. */
static void
turn(struct rig *r, unsigned wanted, uint64_t us)
{
	r->wanted = wanted;
	r->loop->stop = false;
	timer_set(r->loop, &r->alarm, r->loop->now + us);
	loop_run(r->loop);
	timer_clear(r->loop, &r->alarm);
}

static void
expect_told(struct rig *r)
{
	turn(r, 1, US_OF_PATIENCE);
	assert_int_equal(r->told, 1);
	r->told = 0;
}

static void
expect_quiet(struct rig *r)
{
	turn(r, 1, US_OF_QUIET);
	assert_int_equal(r->told, 0);
}

static void
put(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int
rig_open(void **state)
{
	struct rig *r = xcalloc(1, sizeof(*r));

	snprintf(r->folder, sizeof(r->folder), "/tmp/weir-watch-XXXXXX");
	if (mkdtemp(r->folder) == NULL || chdir(r->folder) != 0)
		return -1;
	r->loop = loop_new(NULL);
	r->watcher = watcher_new(r->loop);
	r->owner.run = told;
	r->alarm.fire = late;
	*state = r;
	return 0;
}

static int
rig_close(void **state)
{
	struct rig *r = *state;
	char *command = xasprintf("rm -r %s", r->folder);

	watch_end(&r->watched);
	watch_end(&r->watched);
	timer_clear(r->loop, &r->alarm);
	task_unlist(r->loop, &r->owner);
	watcher_free(&r->watcher);
	loop_free(&r->loop);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(system(command), 0);
	free(command);
	free(r);
	return 0;
}

static void
begin(struct rig *r, const char *path)
{
	watch_begin(&r->watched, r->watcher, path, &r->owner);
}

static void
tells_when_it_is_written_anew(void **state)
{
	struct rig *r = *state;

	put("list", "one");
	begin(r, "list");
	expect_quiet(r);
	put("list", "two");
	expect_told(r);
	expect_quiet(r);
}

static void
tells_when_another_file_takes_its_place(void **state)
{
	struct rig *r = *state;

	put("list", "one");
	begin(r, "list");
	for (int i = 0; i < 3; i++) {
		put("new", "two");
		assert_int_equal(rename("new", "list"), 0);
		expect_told(r);
	}
}

static void
tells_when_it_comes_and_when_it_goes(void **state)
{
	struct rig *r = *state;
	char *path = xasprintf("%s/list", r->folder);

	begin(r, path);
	free(path);
	put("list", "one");
	expect_told(r);
	assert_int_equal(unlink("list"), 0);
	expect_told(r);
	put("list", "one");
	expect_told(r);
}

static void
says_nothing_of_its_neighbours(void **state)
{
	struct rig *r = *state;

	put("list", "one");
	begin(r, "list");
	put("list.bak", "one");
	put("other", "one");
	assert_int_equal(unlink("other"), 0);
	expect_quiet(r);
}

/* As Kubernetes mounts a ConfigMap: list -> ..data/list, ..data -> ..1. */
static void
follows_links_to_where_they_lead(void **state)
{
	struct rig *r = *state;

	assert_int_equal(mkdir("..1", 0755), 0);
	assert_int_equal(mkdir("..2", 0755), 0);
	put("..1/list", "one");
	put("..2/list", "two");
	assert_int_equal(symlink("..1", "..data"), 0);
	assert_int_equal(symlink("..data/list", "list"), 0);
	begin(r, "list");
	assert_int_equal(symlink("..2", "..new"), 0);
	assert_int_equal(rename("..new", "..data"), 0);
	expect_told(r);
	put("..2/list", "three"); /* in the folder where it is now */
	expect_told(r);
}

static void
many_changes_are_few_words(void **state)
{
	struct rig *r = *state;
	uint64_t began = r->loop->now;

	put("list", "one");
	begin(r, "list");
	for (int i = 0; i < MANY; i++) {
		put("new", "two");
		assert_int_equal(rename("new", "list"), 0);
		if (i % 10 == 0)
			turn(r, UINT32_MAX, 1000);
	}
	turn(r, UINT32_MAX, 2 * WATCH_SETTLE_US);
	assert_true(r->told >= 1);
	assert_true(r->told <= (r->loop->now - began) / WATCH_SETTLE_US + 1);
}

/* Where the kernel tells nothing: what changed and stood still for a while. */
static void
looks_itself_when_nobody_tells(void **state)
{
	struct rig *r = *state;

	conn_close(&r->watcher->events);
	put("list", "one");
	begin(r, "list");
	watch_look(&r->watched.task);
	assert_false(r->owner.listed);
	put("new", "two");
	assert_int_equal(rename("new", "list"), 0);
	watch_look(&r->watched.task);
	assert_false(r->owner.listed);
	assert_true(r->watched.timer.at <= r->loop->now + WATCH_DOUBT_US);
	watch_look(&r->watched.task);
	assert_true(r->owner.listed);
	task_unlist(r->loop, &r->owner);
	watch_look(&r->watched.task);
	assert_false(r->owner.listed);
	assert_true(r->watched.timer.at > r->loop->now + WATCH_DOUBT_US);
}

static void
files_of_one_folder_are_told_apart(void **state)
{
	struct rig *r = *state, *other = xcalloc(1, sizeof(*other));

	put("list", "one");
	begin(r, "list");
	other->loop = r->loop;
	other->owner.run = told;
	watch_begin(&other->watched, r->watcher, "other", &other->owner);
	put("other", "one");
	expect_quiet(r);
	assert_int_equal(other->told, 1);
	watch_end(&other->watched); /* the folder is still watched for the first one */
	put("list", "two");
	expect_told(r);
	free(other);
}

static void
a_folder_is_all_files_in_it(void **state)
{
	struct rig *r = *state;

	assert_int_equal(mkdir("shelf", 0700), 0);
	begin(r, "shelf/");
	put("beside", "one");
	expect_quiet(r);
	put("shelf/one", "one");
	expect_told(r);
	put("shelf/one", "two");
	expect_told(r);
	assert_int_equal(rename("shelf/one", "shelf/two"), 0);
	expect_told(r);
	assert_int_equal(unlink("shelf/two"), 0);
	expect_told(r);
	expect_quiet(r);
}

#define WATCH_TEST(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WATCH_TEST(tells_when_it_is_written_anew),
	    WATCH_TEST(tells_when_another_file_takes_its_place),
	    WATCH_TEST(tells_when_it_comes_and_when_it_goes),
	    WATCH_TEST(says_nothing_of_its_neighbours),
	    WATCH_TEST(follows_links_to_where_they_lead),
	    WATCH_TEST(many_changes_are_few_words),
	    WATCH_TEST(looks_itself_when_nobody_tells),
	    WATCH_TEST(files_of_one_folder_are_told_apart),
	    WATCH_TEST(a_folder_is_all_files_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
