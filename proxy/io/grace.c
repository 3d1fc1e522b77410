#include "io/grace.h"

#include <stdatomic.h>
#include <stdlib.h>

struct grace_reader {
	struct letter letter;
	struct grace *grace;
	struct loop *loop;
};

struct grace {
	struct grace_spec spec;
	struct grace_reader *readers; /* owned; does not move once letters are under way */
	uint32_t n;
	struct reap *waiting; /* for the round that is under way */
	struct reap *next;    /* for the one after it */
	bool asked, running;
	_Atomic uint32_t left; /* readers who have not passed yet */
	struct letter letter;  /* the last one's, home */
};

static void
grace_free_all(struct reap **list)
{
	struct reap *r;

	while ((r = *list) != NULL) {
		*list = r->next;
		r->free(r);
	}
}

static void
grace_read(struct letter *letter, void *owner)
{
	struct grace_reader *reader = container_of(letter, struct grace_reader, letter);
	struct grace *g = reader->grace;

	g->spec.pass(owner);
	/* All that this thread did with what it read comes before its being freed. */
	if (atomic_fetch_sub_explicit(&g->left, 1, memory_order_acq_rel) == 1)
		loop_post(g->spec.home, &g->letter);
}

static void
grace_begin(struct grace *g)
{
	g->running = true;
	g->asked = false;
	g->waiting = g->next;
	g->next = NULL;
	atomic_store_explicit(&g->left, g->n, memory_order_relaxed);
	for (uint32_t i = 0; i < g->n; i++)
		loop_post(g->readers[i].loop, &g->readers[i].letter);
}

static void
grace_over(struct letter *letter, void *owner)
{
	struct grace *g = container_of(letter, struct grace, letter);

	g->running = false;
	grace_free_all(&g->waiting);
	if (g->n == 0)
		grace_free_all(&g->next);
	else if (g->asked)
		grace_begin(g);
	g->spec.passed(owner);
}

struct grace *
grace_new(const struct grace_spec *spec)
{
	struct grace *g = xcalloc(1, sizeof(*g));

	g->spec = *spec;
	g->letter.run = grace_over;
	return g;
}

void
grace_free(struct grace **gp)
{
	struct grace *g = *gp;

	*gp = NULL;
	if (g == NULL)
		return;
	ASSERT(g->n == 0 && !g->running);
	free(g);
}

void
grace_join(struct grace *g, struct loop *l)
{
	ASSERT(!g->running);
	g->readers = xrealloc(g->readers, (g->n + 1) * sizeof(*g->readers));
	g->readers[g->n++] = (struct grace_reader){.letter.run = grace_read, .grace = g, .loop = l};
}

/* Letters that were under way have been run when their loops were freed, and the last one's may
 * still wait at home; it then frees what it would have. */
void
grace_alone(struct grace *g)
{
	free(g->readers);
	g->readers = NULL;
	g->n = 0;
	if (!g->running)
		grace_free_all(&g->next);
}

void
grace_ask(struct grace *g)
{
	g->asked = true;
	if (!g->running && g->n > 0)
		grace_begin(g);
}

void
grace_retire(struct grace *g, struct reap *r, void (*free)(struct reap *))
{
	r->free = free;
	if (g == NULL || (g->n == 0 && !g->running)) {
		free(r);
		return;
	}
	r->next = g->next;
	g->next = r;
	grace_ask(g);
}
