/* load - a configuration file becomes a model: text -> document -> model. All errors of the file
 * are collected, none stops the reading early; nothing live is touched, no socket opened, no packet
 * sent. Load, free and read on the control thread. */
#ifndef CONFIG_LOAD_H
#define CONFIG_LOAD_H

#include "config/model.h"

/* Reads the file and what it includes. Returns NULL when there was any error; warnings alone do not
 * fail. The caller owns the model and frees errors. Positions in both borrow from documents that
 * live as long as the process. */
struct model *load_file(const char *path, struct errors *errors);
/* The same from text in memory, e.g. of the command line; `name` stands for the file. */
struct model *load_text(const char *name, struct str text, struct errors *errors);
/* A file of endpoints: a model of which only backends[0].endpoints means anything. */
struct model *load_endpoints(const char *path, struct errors *errors);
void model_free(struct model **model);

/* Prints the effective configuration as YAML: only what was set, or with `full` each key with its
 * origin (file:line, or "default"); secrets as ***. */
void model_print(const struct model *model, bool full, FILE *out);
/* The JSON Schema of the file, rendered from the schema rows. */
void schema_print(FILE *out);

#endif
