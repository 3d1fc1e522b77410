/* print_value - values of the model as YAML that reads back as the same value. */
#ifndef CONFIG_PRINT_VALUE_H
#define CONFIG_PRINT_VALUE_H

#include "config/schema.h"

/* The value of a row in its struct; nothing for the rows that are blocks of their own. */
void put_value(FILE *out, const struct schema_row *row, const void *base);
void put_endpoint(FILE *out, const struct model_endpoint *e);
void put_match(FILE *out, const struct model_route *r); /* print_match.c */
/* Quoted where YAML, or a variable's mark, asks for it. */
void put_text(FILE *out, struct str s);

#endif
