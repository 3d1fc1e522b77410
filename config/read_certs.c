#include "config/read_shape.h"

/* A path alone, or {cert, key, ocsp}. */
static bool
read_cert(
    struct loader *l, const struct schema_row *row, const struct node *n, struct model_cert *out)
{
	const struct schema_row *path = schema_find(row->object, STR("cert"));
	unsigned before = l->errors->error_count;

	out->at = node_at(n);
	if (n->kind == NODE_SCALAR)
		return read_value(l, path, n, out);
	if (n->kind != NODE_MAP)
		return read_wants(l, row, n);
	(void)read_object(l, row->object, n, n, out);
	return l->errors->error_count == before;
}

bool
read_certs(
    struct loader *l, const struct schema_row *row, const struct node *n, struct model_tls *out)
{
	bool good = true;

	out->certs = loader_take(l, n->kind == NODE_LIST ? n->n : 1, sizeof(*out->certs));
	out->n_certs = 0;
	if (n->kind != NODE_LIST)
		return read_cert(l, row, n, &out->certs[out->n_certs++]);
	if (n->n == 0)
		return read_wants(l, row, n);
	NODE_EACH(n, item)
		good &= read_cert(l, row, item, &out->certs[out->n_certs++]);
	return good;
}

bool
read_upstream_tls(
    struct loader *l, const struct schema_row *row, const struct node *n, struct model_backend *out)
{
	out->tls.at = node_at(n);
	out->tls.on = true;
	if (n->kind == NODE_MAP) {
		(void)read_object(l, row->object, n, n, out);
		return true;
	}
	if (n->kind != NODE_SCALAR)
		return read_wants(l, row, n);
	out->tls.on = str_eq(n->text, STR("on"));
	return out->tls.on || str_eq(n->text, STR("off")) || read_wants(l, row, n);
}
