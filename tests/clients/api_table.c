/* api_table.c - prints the JSON door's routes, for comparing them with its
 * contract: "GET /nodes/{id}" lines. */
#include <stdio.h>

#include "api/request.h"

int
main(void)
{
	size_t i;

	for (i = 0; i < n_api_table; i++)
		(void)printf("%s %s\n", http_method_name(api_table[i].method),
		    api_table[i].pattern);
	return 0;
}
