/* read_shape - values that have more than one form: a scalar, a list or a map. */
#ifndef CONFIG_READ_SHAPE_H
#define CONFIG_READ_SHAPE_H

#include "config/read.h"

bool read_arms(
    struct loader *l, const struct schema_row *row, const struct node *n, struct model_arms *out);
bool read_sni(struct loader *l, const struct schema_row *row, const struct node *n,
    struct model_listener *out);
bool read_match(struct loader *l, const struct schema_row *row, const struct node *n,
    struct model_route *route);
bool read_ranges(
    struct loader *l, const struct schema_row *row, const struct node *n, struct model_cidrs *out);
bool read_servers(struct loader *l, const struct schema_row *row, const struct node *n,
    struct addr **out, size_t *count);
bool read_proxy(struct loader *l, const struct schema_row *row, const struct node *n,
    struct model_listener *out);
bool read_words(struct loader *l, const struct schema_row *row, const struct node *n,
    struct str **out, size_t *count);
bool read_set(struct loader *l, const struct schema_row *row, const struct node *n, uint32_t *out);
bool read_statuses(
    struct loader *l, const struct schema_row *row, const struct node *n, struct statuses *out);
bool read_predicates(struct loader *l, const struct schema_row *row, const struct node *n,
    struct model_predicate **out, size_t *count);

/* read_certs.c */
bool read_certs(
    struct loader *l, const struct schema_row *row, const struct node *n, struct model_tls *out);
bool read_upstream_tls(struct loader *l, const struct schema_row *row, const struct node *n,
    struct model_backend *out);

#endif
