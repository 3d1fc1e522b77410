#include "base/fault.h"

static const struct fault_row fault_rows[FAULT_COUNT] = {
#define FAULT_ROW(word, http, grpc, whose, retry, sentence)                                        \
	[FAULT_##word] = {                                                                         \
	    STR_INIT(#word), STR_INIT(sentence), http, grpc, WHOSE_##whose, RETRY_##retry},
    FAULTS(FAULT_ROW)
#undef FAULT_ROW
};

const struct fault_row *
fault_row(enum fault f)
{
	ASSERT(f < FAULT_COUNT);
	return &fault_rows[f];
}
