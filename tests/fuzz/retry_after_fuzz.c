/* Whatever stands in the field: a time that is not longer than a year, and read from its bytes
 * alone. */
#include <stdlib.h>

#include "http/retry_after.h"

enum { S = 1000000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint64_t now = UINT64_C(784111740) * S, year = UINT64_C(365) * 24 * 3600 * S;
	char *copy = malloc(size);
	uint64_t us;

	if (size > 0)
		memcpy(copy, data, size);
	us = retry_after_us(str_of(copy, size), now);
	ASSERT(us <= year && us % S == 0);
	ASSERT(retry_after_us(str_of(copy, size), UINT64_MAX / 2) <= year);
	free(copy);
	return 0;
}
