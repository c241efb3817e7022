/* replay.c - runs a fuzz target over files and folders of files, as a plain
 * test does. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEED_LIMIT = 1 << 20 };

static int
replay_file(const char *path)
{
	FILE *file = fopen(path, "rbe");
	uint8_t *data = malloc(SEED_LIMIT);
	uint8_t *exact;
	size_t size;

	if (file == NULL || data == NULL)
		return -1;
	size = fread(data, 1, SEED_LIMIT, file);
	/* Of its own size, so that ASan sees the first byte behind it. */
	exact = malloc(size > 0 ? size : 1);
	if (exact == NULL || ferror(file) || fclose(file) != 0)
		return -1;
	memcpy(exact, data, size);
	free(data);
	(void)LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return 1;
}

/* How many inputs were run; -1 where one could not be read. */
static int
replay(const char *path)
{
	struct dirent *entry;
	struct stat st;
	int count = 0;
	DIR *dir;

	if (stat(path, &st) != 0)
		return -1;
	if (!S_ISDIR(st.st_mode))
		return replay_file(path);
	dir = opendir(path);
	if (dir == NULL)
		return -1;
	while ((entry = readdir(dir)) != NULL) {
		char below[4096];
		int n;

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(
		    below, sizeof(below), "%s/%s", path, entry->d_name);
		n = replay(below);
		if (n < 0) {
			(void)closedir(dir);
			return -1;
		}
		count += n;
	}
	(void)closedir(dir);
	return count;
}

int
main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		int n = replay(argv[i]);

		/* An empty corpus proves nothing. */
		if (n <= 0) {
			(void)fprintf(
			    stderr, "%s: no seed could be read\n", argv[i]);
			return 1;
		}
		(void)printf("%s: %d seeds\n", argv[i], n);
	}
	return argc > 1 ? 0 : 2;
}
