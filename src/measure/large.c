/* large.c: a hint to the kernel, on the pages that lie wholly inside. */
#include "measure/large.h"

#include <sys/mman.h>

enum { LARGE_FROM = 4 * 1024 * 1024, PAGE_BYTES = 4096 };

void *large_alloc(size_t bytes)
{
	char *p = memory_alloc(bytes);
	if (!p || bytes < LARGE_FROM)
		return p;
	uintptr_t begin = ((uintptr_t)p + PAGE_BYTES - 1) & ~(uintptr_t)(PAGE_BYTES - 1);
	uintptr_t end = ((uintptr_t)p + bytes) & ~(uintptr_t)(PAGE_BYTES - 1);
	if (madvise((void *)begin, end - begin, MADV_HUGEPAGE) != 0) {
		/* Only a hint: small pages do as well, more slowly. */
	}
	return p;
}
