/* Whatever stands in grpc-timeout, content-type and grpc-status: read from its bytes alone, and a
 * timeout that is written again has not grown. */
#include <stdlib.h>

#include "base/put.h"
#include "http/grpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a peer reads of what is written. */
static uint64_t
written(uint64_t us)
{
	char text[PUT_U64];
	uint64_t again;

	ASSERT(
	    grpc_timeout_read(str_of(text, (size_t)(grpc_timeout_put(text, us) - text)), &again));
	return again;
}

static void
timeout_check(struct str value)
{
	uint64_t us, again;

	if (!grpc_timeout_read(value, &us))
		return;
	ASSERT(us <= UINT64_C(99999999) * 3600 * 1000000);
	again = written(us);
	ASSERT(again <= us && us - again <= us / 1000); /* rounded in the last of many digits */
	ASSERT(written(again) == again);
}

static void
status_check(struct str value)
{
	struct field field = {
	    .value = value.p, .value_len = (uint32_t)value.len, .id = FIELD_GRPC_STATUS};
	struct fields fields = {.v = &field, .n = 1, .present = UINT64_C(1) << FIELD_GRPC_STATUS};
	enum grpc_status status = grpc_status_of(&fields);

	ASSERT(status < GRPC_COUNT && grpc_status_word(status).len > 0);
	ASSERT(grpc_status_http(status) >= 200);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size);
	struct str value = str_of(copy, size);

	if (size > 0)
		memcpy(copy, data, size);
	timeout_check(value);
	status_check(value);
	(void)grpc_type(value);
	free(copy);
	return 0;
}
