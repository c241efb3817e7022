/* property.h - the properties that resources have; private to this folder. */
#ifndef DOZO_DAV_PROPERTY_H
#define DOZO_DAV_PROPERTY_H

#include "dav/folder.h"

struct property {
	const char *namespace;
	const char *name; /* as it stands in an answer, with its prefix */
	const char *local;
	bool listed; /* in an allprop */
	/* Whether a resource has it. */
	bool (*has)(const struct row *row);
	/* Appends its value to folder->out. */
	enum rc (*write)(
	    struct op *op, struct folder *folder, const struct row *row);
};

/* All of them; bit i of a mask is the i-th. */
extern const struct property properties[];
extern const size_t n_properties;

/* The bit of a property, or 0. */
uint32_t property_bit(const char *namespace, const char *local);

/* Those of an allprop. */
uint32_t property_listed(void);

#define PROPERTY_XML_TYPE "application/xml; charset=utf-8"
#define PROPERTY_XML_HEAD "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"

/* Appends an element without content, with its namespace. */
enum rc property_add_empty(struct op *op, struct buf *out,
    const char *namespace, const char *local) MUST_CHECK;

/* The bits of RFC 4331, which folder->quota_... answer. */
uint32_t property_quota(void);

/* ROWS_... that a mask needs: each costs a look-up for each entry. */
unsigned property_needs(uint32_t mask);

#endif
