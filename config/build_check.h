/* build_check - a model's check as a backend has it. */
#ifndef CONFIG_BUILD_CHECK_H
#define CONFIG_BUILD_CHECK_H

#include "config/model.h"
#include "upstream/check.h"

/* One reference; NULL: its endpoints are not checked. tls: how the backend speaks it, or NULL. */
struct check *build_check(const struct model_backend *m, struct tls_client *tls);

#endif
