/* cli_demo - `weir demo`: weir with two endpoints of its own and a file to play with. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/source.h"
#include "io/acceptor.h"
#include "run/cli.h"
#include "run/demo_endpoint.h"

enum { DEMO_PORT = 8080, DEMO_PORTS = 100, DEMO_FILE_MAX = 64 * 1024 };

struct demo {
	struct demo_endpoint *one, *two;
	char *folder, *file, *text; /* owned */
	char listen[ADDR_TEXT];
};

/* 8080, or the next port that is free. */
static bool
demo_choose_port(struct demo *d)
{
	struct addr addr, bound;

	ASSERT(addr_parse(STR("127.0.0.1:0"), false, &addr));
	for (unsigned i = 0; i < DEMO_PORTS; i++) {
		int fd;

		addr_set_port(&addr, (uint16_t)(DEMO_PORT + i));
		fd = acceptor_bind(&addr, false, &bound);
		if (fd < 0)
			continue;
		close(fd);
		addr_text(&bound, d->listen);
		return true;
	}
	return false;
}

static bool
demo_listen(struct demo *d, const char *asked)
{
	struct addr addr;

	if (asked == NULL)
		return demo_choose_port(d);
	if (!addr_parse(str_from(asked), true, &addr))
		return false;
	addr_text(&addr, d->listen);
	return true;
}

static char *
demo_yaml(const struct demo *d)
{
	char one[ADDR_TEXT], two[ADDR_TEXT];

	addr_text(demo_endpoint_addr(d->one), one);
	addr_text(demo_endpoint_addr(d->two), two);
	return xasprintf("# What weir demo serves. Change it, then: weir reload --wait -c %s\n"
			 "listen:\n"
			 "  http: {address: \"%s\"}\n"
			 "\n"
			 "routes: # the most specific match wins; the order does not matter\n"
			 "  - match: any\n"
			 "    to: both\n"
			 "  - match: /one/*\n"
			 "    to: one\n"
			 "  - name: canary\n"
			 "    match: {path: /*, headers: {X-Canary: yes}}\n"
			 "    to: {one: 10%%, two: 90%%}\n"
			 "\n"
			 "backends:\n"
			 "  both: {endpoints: [\"%s\", \"%s\"], balance: round-robin}\n"
			 "  one: {endpoints: [\"%s\"]}\n"
			 "  two: {endpoints: [\"%s\"]}\n"
			 "\n"
			 "admin: {socket: \"%s/admin.sock\"}\n",
	    d->file, d->listen, one, two, one, two, d->folder);
}

static bool
demo_write(struct demo *d)
{
	const char *tmp = getenv("TMPDIR");
	FILE *f;

	d->folder = xasprintf("%s/weir-demo-XXXXXX", tmp != NULL && *tmp == '/' ? tmp : "/tmp");
	if (mkdtemp(d->folder) == NULL)
		return false;
	d->file = xasprintf("%s/weir.yaml", d->folder);
	d->text = demo_yaml(d);
	f = fopen(d->file, "wxe");
	if (f == NULL)
		return false;
	fputs(d->text, f);
	return fclose(f) == 0;
}

static void
demo_tell(const struct demo *d)
{
	fprintf(stderr,
	    "weir demo: two endpoints, one and two, behind http://%s/\n\n"
	    "Try, in another terminal:\n"
	    "  curl http://%s/                      # again: the other one answers\n"
	    "  curl http://%s/one/                  # a route by path\n"
	    "  curl -H 'X-Canary: yes' http://%s/   # a route by header, split 10 to 90\n\n"
	    "The configuration is %s\n"
	    "Change it, then: weir reload --wait -c %s\n"
	    "Ask:             weir explain http://%s/one/ -c %s\n"
	    "End it with Ctrl-C.\n\n",
	    d->listen, d->listen, d->listen, d->listen, d->file, d->file, d->listen, d->file);
}

/* The file goes, unless somebody has worked on it. */
static void
demo_clean_up(struct demo *d)
{
	size_t len;
	char *now = d->file != NULL ? source_slurp(d->file, DEMO_FILE_MAX, &len) : NULL;

	if (now != NULL && str_eq(str_of(now, len), str_from(d->text)) && unlink(d->file) == 0)
		(void)rmdir(d->folder); /* stays when there is more in it */
	else if (now != NULL)
		fprintf(stderr, "weir demo: your configuration is still at %s\n", d->file);
	free(now);
	free(d->folder);
	free(d->file);
	free(d->text);
}

static int
cli_demo_run(const struct cli *c)
{
	struct demo d = {.one = NULL};
	int code;

	if (!demo_listen(&d, cli_value(c, "listen")))
		return cli_fail(EXIT_USAGE, cli_flag(c, "listen")
						? "--listen is an address, as 127.0.0.1:8080"
						: "no port from 8080 on is free; see --listen");
	d.one = demo_endpoint_start("one");
	d.two = demo_endpoint_start("two");
	if (d.one == NULL || d.two == NULL || !demo_write(&d)) {
		code = cli_fail(EXIT_RUNTIME, "cannot set up the demo: %s", strerror(errno));
	} else {
		if (!c->quiet)
			demo_tell(&d);
		code = server_run(
		    &(struct server_options){.path = d.file, .socket = cli_value(c, "socket")});
	}
	demo_endpoint_stop(&d.one);
	demo_endpoint_stop(&d.two);
	demo_clean_up(&d);
	return code;
}

static const struct cli_option demo_options[] = {
    {"listen", "ADDRESS", "instead of 127.0.0.1 and the first free port from 8080 on", NULL, 0},
    {0},
};

const struct cli_verb cli_demo = {
    .name = "demo",
    .operands = "",
    .summary = "serve two endpoints of its own, to try things out",
    .options = demo_options,
    .examples = {{"weir demo", "prints what to try and where the configuration is"},
	{"weir demo --listen :9090", "for the whole network"}},
    .run = cli_demo_run,
};
