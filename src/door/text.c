/* text.c - text as URIs, XML and HTML carry it, and types of files by their
 * names. */
#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "door/door.h"

enum { EXTENSION_MAX = 8 };

struct media_type {
	const char *extension;
	const char *type;
};

/* In the order of extensions. */
static const struct media_type types[] = {
    {"7z", "application/x-7z-compressed"},
    {"avi", "video/x-msvideo"},
    {"bmp", "image/bmp"},
    {"csv", "text/csv"},
    {"css", "text/css"},
    {"doc", "application/msword"},
    {"docx", "application/"
	     "vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"eml", "message/rfc822"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"heic", "image/heic"},
    {"htm", "text/html"},
    {"html", "text/html"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript"},
    {"json", "application/json"},
    {"m4a", "audio/mp4"},
    {"md", "text/markdown"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"odp", "application/vnd.oasis.opendocument.presentation"},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"ppt", "application/vnd.ms-powerpoint"},
    {"pptx", "application/"
	     "vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"rtf", "application/rtf"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"txt", "text/plain"},
    {"wav", "audio/wav"},
    {"webm", "video/webm"},
    {"webp", "image/webp"},
    {"xls", "application/vnd.ms-excel"},
    {"xlsx",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"xml", "application/xml"},
    {"zip", "application/zip"},
};

const char *
door_media_type(struct span name)
{
	const uint8_t *dot = memrchr(name.data, '.', name.size);
	size_t i, size;

	if (dot != NULL) {
		size = name.size - (size_t)(dot - name.data) - 1;
		for (i = 0; i < ARRAY_LEN(types) && size > 0; i++)
			if (strlen(types[i].extension) == size &&
			    strncasecmp(types[i].extension,
				(const char *)dot + 1, size) == 0)
				return types[i].type;
	}
	return "application/octet-stream";
}

static bool
is_unreserved(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
	       c == '~';
}

enum rc
door_escape_path(struct op *op, struct buf *buf, struct span segment)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t i, plain = 0;

	for (i = 0; i < segment.size; i++) {
		uint8_t c = segment.data[i];
		const char escape[] = {'%', hex[c >> 4], hex[c & 15]};

		if (is_unreserved(c))
			continue;
		TRY(buf_add(op, buf, span_of(segment.data + plain, i - plain)));
		TRY(buf_add(op, buf, span_of(escape, sizeof(escape))));
		plain = i + 1;
	}
	return buf_add(
	    op, buf, span_of(segment.data + plain, segment.size - plain));
}

static const char *
entity_of(uint8_t c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* U+FFFE and U+FFFF may stand in a name, but in no XML. */
static bool
is_no_character(struct span text, size_t i)
{
	return i + 2 < text.size && text.data[i] == 0xef &&
	       text.data[i + 1] == 0xbf && text.data[i + 2] >= 0xbe;
}

enum rc
door_escape_text(struct op *op, struct buf *buf, struct span text)
{
	size_t i, plain = 0;

	for (i = 0; i < text.size; i++) {
		const char *instead = entity_of(text.data[i]);
		size_t size = 1;

		if (instead == NULL && is_no_character(text, i)) {
			instead = "\xef\xbf\xbd";
			size = 3;
		}
		if (instead == NULL)
			continue;
		TRY(buf_add(op, buf, span_of(text.data + plain, i - plain)));
		TRY(buf_add_str(op, buf, instead));
		plain = i + size;
		i = plain - 1;
	}
	return buf_add(op, buf, span_of(text.data + plain, text.size - plain));
}
