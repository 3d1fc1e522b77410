/* Files of endpoints: whatever one says, it is a list of addresses with weights, or there are words
 * why not. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WEIGHT_LIMIT = 1000 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct errors errors;
	struct model *m;
	char path[32];

	if (fd < 0)
		fd = memfd_create("fuzz", 0);
	ASSERT(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	errors_init(&errors);
	m = load_endpoints(path, &errors);
	ASSERT((m == NULL) == (errors.error_count > 0));
	for (size_t i = 0; m != NULL && i < m->backends->n_endpoints; i++) {
		const struct model_endpoint *e = &m->backends->endpoints[i];

		ASSERT(e->address.sa.sa_family != AF_UNSPEC && addr_port(&e->address) != 0);
		ASSERT(e->host.p == NULL && !e->service && !e->file);
		ASSERT(e->weight >= 1 && e->weight <= WEIGHT_LIMIT);
	}
	for (const struct error *e = errors.first; e != NULL; e = e->next)
		ASSERT(e->at.file != NULL && e->text != NULL);
	if (m != NULL)
		model_free(&m);
	errors_free(&errors);
	return 0;
}
