/* load_spec - what the command line of load asks for. */
#ifndef BENCH_LOAD_SPEC_H
#define BENCH_LOAD_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kind { KIND_HTTP, KIND_RAW, KIND_WS, KIND_SILENT };

struct spec {
	enum kind kind;
	uint16_t port;
	size_t connections, body, hosts;
	uint64_t requests, rate, seconds, expect;
	const char *path;
	bool close, wait;
};

struct spec spec_read(int argc, char **argv); /* ends the program when it makes no sense */

#endif
