/* main.c: the verbs of attune, and the only place that knows the whole house. */
#include "base/text.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	fprintf(stderr, "attune: no verb\n");
	return 2;
}
