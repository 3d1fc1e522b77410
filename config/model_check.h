/* model_check - how endpoints are checked. */
#ifndef CONFIG_MODEL_CHECK_H
#define CONFIG_MODEL_CHECK_H

#include "base/str.h"
#include "http/statuses.h"

enum model_ask_kind { ASK_OFF, ASK_TCP, ASK_HTTP };
enum model_initial { INITIAL_DOWN, INITIAL_UP };
enum model_check_tls { CHECK_TLS_SAME, CHECK_TLS_OFF };
enum { EXPECT_MIN = 200, EXPECT_MAX = 599 };

struct model_ask {
	struct str text; /* as written, without its "every" */
	enum model_ask_kind kind;
	struct str method, target;
};

struct model_fields {
	struct model_field {
		struct str name, value;
	} * v;
	size_t n;
};

struct model_check {
	struct model_ask ask;
	uint64_t every, timeout;
	uint64_t every_changing, every_down; /* 0: as every */
	uint32_t up, down;
	uint32_t port; /* 0: the endpoint's */
	enum model_initial initial;
	enum model_check_tls tls;
	struct str host; /* empty: the endpoint */
	struct model_fields headers;
	struct statuses expect;
	struct str body; /* empty: any */
};

#endif
