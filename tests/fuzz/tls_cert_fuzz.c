/* A file of certificates and keys, whatever stands in it: a pair that can be used, or a sentence
 * that says why not. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io/tls_cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PATH_MAX_BYTES = 32 };

static void
cert_check(struct tls_cert *cert)
{
	for (size_t i = 0; i < cert->n_names; i++) {
		struct str name = cert->names[i];

		ASSERT(name.len > 0 && memchr(name.p, '\0', name.len) == NULL);
		if (name.p[0] != '*')
			ASSERT(tls_cert_fits(cert, name));
	}
	(void)tls_cert_fits(cert, STR("www.example.com"));
	ASSERT(tls_cert_host(cert).len > 0 && cert->kind != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("pem", MFD_CLOEXEC);
	struct tls_wrong wrong;
	struct tls_cert *cert;
	char path[PATH_MAX_BYTES];

	ASSERT(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	cert = tls_cert_load(&(struct tls_cert_files){.cert = path}, &wrong);
	if (cert != NULL)
		cert_check(cert);
	else
		ASSERT(wrong.text[0] != '\0');
	if (cert != NULL)
		tls_cert_unref(&cert);
	close(fd);
	return 0;
}
