#include "load_spec.h"
#include "net.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { EXPECT_DEFAULT = 1024, SECONDS_DEFAULT = 60 };

static enum kind
kind_named(const char *name)
{
	static const char *const names[] = {
	    [KIND_HTTP] = "http", [KIND_RAW] = "raw", [KIND_WS] = "ws", [KIND_SILENT] = "silent"};

	for (enum kind k = KIND_HTTP; k <= KIND_SILENT; k++) {
		if (strcmp(names[k], name) == 0)
			return k;
	}
	die("no such kind: %s", name);
}

static void
spec_option(struct spec *s, int option)
{
	switch (option) {
	case 'k':
		s->kind = kind_named(optarg);
		break;
	case 'u':
		s->path = optarg;
		break;
	case 'x':
		s->close = true;
		break;
	case 'w':
		s->wait = true;
		break;
	case 'p':
		s->port = (uint16_t)must_number(optarg);
		break;
	case 'c':
		s->connections = must_number(optarg);
		break;
	case 'b':
		s->body = must_number(optarg);
		break;
	case 'h':
		s->hosts = must_number(optarg);
		break;
	case 'n':
		s->requests = must_number(optarg);
		break;
	case 'r':
		s->rate = must_number(optarg);
		break;
	case 's':
		s->seconds = must_number(optarg);
		break;
	case 'e':
		s->expect = must_number(optarg);
		break;
	default:
		exit(2);
	}
}

struct spec
spec_read(int argc, char **argv)
{
	static const struct option options[] = {{"kind", required_argument, NULL, 'k'},
	    {"path", required_argument, NULL, 'u'}, {"close", no_argument, NULL, 'x'},
	    {"wait", no_argument, NULL, 'w'}, {"port", required_argument, NULL, 'p'},
	    {"connections", required_argument, NULL, 'c'}, {"body", required_argument, NULL, 'b'},
	    {"hosts", required_argument, NULL, 'h'}, {"requests", required_argument, NULL, 'n'},
	    {"rate", required_argument, NULL, 'r'}, {"seconds", required_argument, NULL, 's'},
	    {"expect", required_argument, NULL, 'e'}, {0}};
	struct spec s = {.path = "/1k", .connections = 1, .expect = EXPECT_DEFAULT};

	s.seconds = SECONDS_DEFAULT;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
		spec_option(&s, c);
	if (s.port == 0 || s.connections == 0)
		die("--port P and --connections N are needed");
	if (s.kind == KIND_WS) {
		s.path = "/ws";
		s.expect = 0;
	}
	return s;
}
