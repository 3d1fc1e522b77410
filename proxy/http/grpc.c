#include "http/grpc.h"

#include "base/put.h"

enum { GRPC_TIMEOUT_DIGITS = 8, GRPC_TIMEOUT_MAX = 99999999, NS_PER_US = 1000 };

struct str
grpc_status_word(enum grpc_status status)
{
	static const struct str words[] = {
#define GRPC_WORD(word, http) [GRPC_##word] = STR_INIT(#word),
	    GRPC_STATUSES(GRPC_WORD)
#undef GRPC_WORD
		[GRPC_NONE] = {NULL, 0},
	};

	return words[status];
}

uint16_t
grpc_status_http(enum grpc_status status)
{
	static const uint16_t http[] = {
#define GRPC_HTTP(word, http) [GRPC_##word] = (http),
	    GRPC_STATUSES(GRPC_HTTP)
#undef GRPC_HTTP
	};

	return http[status < GRPC_COUNT ? status : GRPC_UNKNOWN];
}

enum grpc_status
grpc_status_of(const struct fields *f)
{
	const struct field *field = fields_find(f, FIELD_GRPC_STATUS);
	uint64_t status;

	if (field == NULL)
		return GRPC_NONE;
	if (!str_to_u64(field_value(field), GRPC_COUNT - 1, &status))
		return GRPC_UNKNOWN;
	return (enum grpc_status)status;
}

/* "application/grpc", and what may stand behind it: "+proto", "; charset". */
bool
grpc_type(struct str content_type)
{
	struct str type = STR("application/grpc");

	if (content_type.len < type.len || !str_eq_case(str_of(content_type.p, type.len), type))
		return false;
	return content_type.len == type.len || strchr("+; \t", content_type.p[type.len]) != NULL;
}

/* From the finest that has a name on; a microsecond is what is counted here. */
static const struct {
	char letter;
	uint64_t us;
} units[] = {
    {'u', 1},
    {'m', 1000},
    {'S', 1000000},
    {'M', UINT64_C(60) * 1000000},
    {'H', UINT64_C(3600) * 1000000},
};

bool
grpc_timeout_read(struct str value, uint64_t *us)
{
	uint64_t n;
	char letter;

	if (value.len < 2 || value.len > GRPC_TIMEOUT_DIGITS + 1)
		return false;
	letter = value.p[--value.len];
	if (!str_to_u64(value, GRPC_TIMEOUT_MAX, &n))
		return false;
	if (letter == 'n') {
		*us = (n + NS_PER_US - 1) / NS_PER_US;
		return true;
	}
	for (size_t i = 0; i < nelem(units); i++)
		if (units[i].letter == letter) {
			*us = n * units[i].us;
			return true;
		}
	return false;
}

char *
grpc_timeout_put(char *p, uint64_t us)
{
	size_t unit = 0;
	uint64_t n;

	while (unit < nelem(units) - 1 && us / units[unit].us > GRPC_TIMEOUT_MAX)
		unit++;
	n = us / units[unit].us;
	p = put_u64(p, n < GRPC_TIMEOUT_MAX ? n : GRPC_TIMEOUT_MAX);
	*p++ = units[unit].letter;
	return p;
}
