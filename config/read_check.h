/* read_check - how endpoints are checked, as it is written. */
#ifndef CONFIG_READ_CHECK_H
#define CONFIG_READ_CHECK_H

#include "config/read.h"

/* A status, or a range of them, joins the set. */
bool read_range(const struct schema_row *row, struct str text, struct statuses *out);
bool read_ask(
    const struct schema_row *row, struct str text, struct model_check *c, struct value_wrong *w);
bool read_fields(
    struct loader *l, const struct schema_row *row, const struct node *n, struct model_fields *out);
/* What makes no sense together, of the keys in this map. */
bool read_check_sense(struct loader *l, const struct node *n, const struct model_check *c);
/* read_shape.c: said, if it is so. */
bool read_too_many(struct loader *l, const struct schema_row *row, const struct node *n);

#endif
