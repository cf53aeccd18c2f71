/* secret.c: locked pages, by Linux. */
#include "base/secret.h"

#include "base/memory.h"
#include "base/report.h"

#include <errno.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Under AddressSanitizer: gcc says it with a macro, clang as a feature. */
#ifdef __has_feature
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#else
/* The search for leaks follows what is on the heap, and has to be told of pages that point there. */
#define __lsan_register_root_region(p, bytes) ((void)(p), (void)(bytes))
#define __lsan_unregister_root_region(p, bytes) ((void)(p), (void)(bytes))
#endif

static size_t pages_of(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	return (bytes + page - 1) / page * page;
}

static void unlocked_say(void)
{
	static atomic_bool said;
	if (!atomic_exchange(&said, true))
		report(REPORT_WARNING, "keys_not_locked", "Keys could not be locked into memory (%s): they may reach a swap disk. Raise the limit (LimitMEMLOCK).",
		       strerror(errno));
}

void *secret_alloc(size_t bytes)
{
	size_t whole = pages_of(bytes);
	if (memory_should_fail())
		return NULL;
	void *p = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	if (mlock2(p, whole, 0) != 0) /* Unlike mlock, it is real under the sanitizers, too. */
		unlocked_say();
	__lsan_register_root_region(p, whole);
	(void)!madvise(p, whole, MADV_DONTDUMP); /* No dump is made at all; this is for those made by hand. */
	return p;
}

void secret_free(void *p, size_t bytes)
{
	if (!p)
		return;
	sodium_memzero(p, pages_of(bytes));
	__lsan_unregister_root_region(p, pages_of(bytes));
	munmap(p, pages_of(bytes));
}

void secret_process_protect(void)
{
	struct rlimit none = {0, 0}, locked;
	if (setrlimit(RLIMIT_CORE, &none) != 0)
		report(REPORT_WARNING, "core_limit", "Core dumps could not be switched off: %s", strerror(errno));
	if (getrlimit(RLIMIT_MEMLOCK, &locked) == 0 && locked.rlim_cur < locked.rlim_max) {
		locked.rlim_cur = locked.rlim_max;
		(void)!setrlimit(RLIMIT_MEMLOCK, &locked); /* Without it, secret_alloc says when it is too little. */
	}
#ifndef __SANITIZE_ADDRESS__ /* Its search for leaks traces the process itself. */
	if (prctl(PR_SET_DUMPABLE, 0) != 0)
		report(REPORT_WARNING, "dumpable", "The process can be traced by its user: %s", strerror(errno));
#endif
}

int secret_environment(const char *name, char *out, size_t max)
{
	char *value = getenv(name);
	if (!value)
		return ERROR_NOT_FOUND;
	size_t n = strlen(value);
	int error = n < max ? 0 : ERROR_LIMIT;
	if (!error)
		memcpy(out, value, n + 1);
	sodium_memzero(value, n);
	unsetenv(name);
	return error;
}
