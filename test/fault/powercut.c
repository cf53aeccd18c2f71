/*
 * powercut.c: plays back what recorder.c wrote down, up to many moments, and checks the data folder each would leave.
 *
 *   powercut TRACE FOLDER SEED POINTS [--must-fail]
 *
 * What was synced is there. Of what was written and not synced, each write is there, or not, or torn at 512 or 4,096
 * bytes; each change of a name is there or not. Moments: sync points and places between them, POINTS of them, sampled
 * with SEED. With --must-fail (the driver ran without syncs) at least one of them must be found broken.
 */
#include "check.h"
#include "random.h"
#include "trace.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MAX = 512, ENTRIES_MAX = 512, WHOLE = 1, NOTHING = 0, TORN_512 = 2, TORN_4096 = 3 };

struct op {
	struct trace_op head;
	const uint8_t *bytes;
};

struct image {
	uint8_t *p;
	size_t n, capacity;
};

struct file {
	uint64_t inode;
	bool is_folder;
	struct image durable;
	uint32_t *pending; /* Ops not synced, in order. */
	size_t pending_n, pending_capacity;
};

struct entry {
	uint64_t parent, inode;
	char name[TRACE_NAME];
};

struct names {
	struct entry items[ENTRIES_MAX];
	size_t n;
};

static struct op *ops;
static size_t ops_n, files_n, acked_n;
static struct file files[FILES_MAX];
static struct names durable_names;
static uint64_t root, *acked;

static void *grow(void *p, size_t bytes)
{
	void *grown = realloc(p, bytes ? bytes : 1);
	if (!grown)
		abort();
	return grown;
}

static void image_size(struct image *image, size_t n)
{
	if (n > image->capacity) {
		image->capacity = n + n / 2;
		image->p = grow(image->p, image->capacity);
	}
	if (n > image->n)
		memset(image->p + image->n, 0, n - image->n);
	image->n = n;
}

static void image_write(struct image *image, uint64_t at, const uint8_t *bytes, size_t n)
{
	if (image->n < at + n)
		image_size(image, at + n);
	if (bytes)
		memcpy(image->p + at, bytes, n);
	else
		memset(image->p + at, 0, n);
}

/* Apply a write as @how says: sectors are those of the disk, so they are cut where its addresses say. */
static void image_apply(struct image *image, const struct op *op, int how, uint64_t *seed)
{
	const struct trace_op *head = &op->head;
	if (how == NOTHING)
		return;
	if (head->kind == TRACE_SIZE || (head->kind == TRACE_GROW && image->n < head->n)) {
		image_size(image, head->n);
		return;
	}
	if (head->kind != TRACE_WRITE && head->kind != TRACE_ZERO)
		return;
	uint64_t sector = how == TORN_512 ? 512 : how == TORN_4096 ? 4096 : UINT64_MAX, end = head->at + head->n;
	for (uint64_t at = head->at, next; at < end; at = next) {
		next = how == WHOLE ? end : (at / sector + 1) * sector;
		next = next < end ? next : end;
		if (how == WHOLE || random_below(seed, 2))
			image_write(image, at, op->bytes ? op->bytes + (at - head->at) : NULL, next - at);
	}
}

static struct file *file_of(uint64_t inode)
{
	for (size_t i = 0; i < files_n; i++)
		if (files[i].inode == inode)
			return &files[i];
	if (files_n == FILES_MAX)
		abort();
	files[files_n] = (struct file){.inode = inode};
	return &files[files_n++];
}

static void name_remove(struct names *names, uint64_t parent, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (names->items[i].parent == parent && strcmp(names->items[i].name, name) == 0)
			names->items[i--] = names->items[--names->n];
}

static void name_apply(struct names *names, const struct trace_op *op)
{
	if (op->kind == TRACE_UNLINK) {
		name_remove(names, op->parent, op->name);
		return;
	}
	struct entry entry = {.parent = op->parent, .inode = op->inode};
	snprintf(entry.name, sizeof entry.name, "%s", op->kind == TRACE_RENAME ? op->to : op->name);
	if (op->kind == TRACE_RENAME) {
		for (size_t i = 0; i < names->n; i++)
			if (names->items[i].parent == op->parent && strcmp(names->items[i].name, op->name) == 0)
				entry.inode = names->items[i].inode;
		if (!entry.inode)
			return; /* Its making did not reach the disk, so neither did this. */
		name_remove(names, op->parent, op->name);
	}
	name_remove(names, op->parent, entry.name);
	if (names->n == ENTRIES_MAX)
		abort();
	names->items[names->n++] = entry;
}

static void pend(struct file *file, uint32_t op)
{
	if (file->pending_n == file->pending_capacity) {
		file->pending_capacity = file->pending_capacity * 2 + 16;
		file->pending = grow(file->pending, file->pending_capacity * sizeof *file->pending);
	}
	file->pending[file->pending_n++] = op;
}

static void sync_all(struct file *file)
{
	for (size_t i = 0; i < file->pending_n; i++) {
		const struct op *op = &ops[file->pending[i]];
		if (op->head.kind >= TRACE_LINK)
			name_apply(&durable_names, &op->head);
		else
			image_apply(&file->durable, op, WHOLE, NULL);
	}
	file->pending_n = 0;
}

/* Move the world one operation on. */
static void advance(uint32_t index)
{
	const struct trace_op *op = &ops[index].head;
	struct file *file;
	switch ((enum trace_kind)op->kind) {
	case TRACE_MARK:
		if (acked_n % 4096 == 0)
			acked = grow(acked, (acked_n + 4096) * sizeof *acked);
		acked[acked_n++] = op->at;
		break;
	case TRACE_SYNC:
		sync_all(file_of(op->inode));
		break;
	case TRACE_SYNC_WRITE:
		file = file_of(op->inode);
		image_apply(&file->durable, &ops[file->pending[--file->pending_n]], WHOLE, NULL);
		break;
	case TRACE_LINK:
		file = file_of(op->inode); /* A number that is used again is a new file. */
		file->is_folder = op->n != 0;
		file->durable.n = file->pending_n = 0;
		pend(file_of(op->parent), index);
		break;
	case TRACE_UNLINK:
	case TRACE_RENAME:
		pend(file_of(op->parent), index);
		break;
	case TRACE_WRITE:
	case TRACE_ZERO:
	case TRACE_SIZE:
	case TRACE_GROW:
		pend(file_of(op->inode), index);
	}
}

/* ---- what a cut would leave ---- */

/* How much of the unsynced is there: nothing, all, or anything. */
enum cut { CUT_NOTHING, CUT_ALL, CUT_SOME };

static void file_write(const char *path, const struct file *file, enum cut cut, uint64_t *seed)
{
	struct image image = {0};
	image_size(&image, file->durable.n);
	if (file->durable.n)
		memcpy(image.p, file->durable.p, file->durable.n);
	for (size_t i = 0; i < file->pending_n; i++)
		image_apply(&image, &ops[file->pending[i]],
		            cut == CUT_NOTHING ? NOTHING : cut == CUT_ALL ? WHOLE : (int)random_below(seed, 4), seed);
	int out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (out < 0 || ftruncate(out, (off_t)image.n) != 0)
		abort();
	for (size_t at = 0; at < image.n;) { /* Zeros stay holes. */
		size_t n = image.n - at < 65536 ? image.n - at : 65536;
		bool empty = image.p[at] == 0 && memcmp(image.p + at, image.p + at + 1, n - 1) == 0;
		if (!empty && pwrite(out, image.p + at, n, (off_t)at) != (ssize_t)n)
			abort();
		at += n;
	}
	close(out);
	free(image.p);
}

static void folder_write(const char *path, uint64_t inode, const struct names *names, enum cut cut, uint64_t *seed)
{
	mkdir(path, 0700);
	for (size_t i = 0; i < names->n; i++) {
		char child[4096];
		const struct entry *entry = &names->items[i];
		if (entry->parent != inode)
			continue;
		snprintf(child, sizeof child, "%s/%s", path, entry->name);
		if (file_of(entry->inode)->is_folder)
			folder_write(child, entry->inode, names, cut, seed);
		else
			file_write(child, file_of(entry->inode), cut, seed);
	}
}

static bool cut_is_survived(const char *folder, enum cut cut, uint64_t *seed)
{
	static struct names names;
	char command[4200];
	bool independent = random_below(seed, 2);
	names = durable_names;
	for (size_t f = 0; f < files_n; f++) {
		size_t until = cut == CUT_ALL ? files[f].pending_n : cut == CUT_NOTHING ? 0 : random_below(seed, (uint32_t)files[f].pending_n + 1);
		for (size_t i = 0; i < files[f].pending_n; i++) {
			const struct trace_op *op = &ops[files[f].pending[i]].head;
			bool there = cut == CUT_SOME && independent ? random_below(seed, 2) : i < until;
			if (op->kind >= TRACE_LINK && there)
				name_apply(&names, op);
		}
	}
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	if (system(command) != 0)
		abort();
	folder_write(folder, root, &names, cut, seed);
	return folder_is_sound(folder, acked, acked_n);
}

/* ---- reading ---- */

static void trace_read(const char *path)
{
	struct stat status;
	int file = open(path, O_RDONLY);
	if (file < 0 || fstat(file, &status) != 0 || status.st_size == 0)
		abort();
	const uint8_t *p = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0), *end = p + status.st_size;
	size_t capacity = 0;
	while (p + sizeof(struct trace_op) <= end) {
		struct op op = {0};
		memcpy(&op.head, p, sizeof op.head);
		p += sizeof op.head;
		op.bytes = op.head.bytes ? p : NULL;
		p += op.head.bytes;
		if (ops_n == capacity) {
			capacity = capacity * 2 + 1024;
			ops = grow(ops, capacity * sizeof *ops);
		}
		ops[ops_n++] = op;
	}
}

int main(int argc, char **argv)
{
	if (argc < 5)
		return 2;
	uint64_t seed = strtoull(argv[3], NULL, 10);
	size_t points = strtoull(argv[4], NULL, 10), syncs = 0, cuts = 0, broken = 0;
	bool must_fail = argc > 5 && strcmp(argv[5], "--must-fail") == 0;
	static const char *const words[] = {"nothing", "all", "some"};
	trace_read(argv[1]);
	for (size_t i = 0; i < ops_n; i++) {
		syncs += ops[i].head.kind == TRACE_SYNC || ops[i].head.kind == TRACE_SYNC_WRITE;
		if (!root && ops[i].head.kind == TRACE_LINK)
			root = ops[i].head.parent; /* The first thing made lies in the folder itself. */
	}
	printf("seed %llu: %zu operations, %zu syncs\n", (unsigned long long)seed, ops_n, syncs);
	for (size_t i = 0; i < ops_n && !(must_fail && broken); i++) {
		bool is_sync = ops[i].head.kind == TRACE_SYNC || ops[i].head.kind == TRACE_SYNC_WRITE;
		advance((uint32_t)i);
		/* The first syncs make the folder: all of them. Later every so manieth, and some places between. */
		bool wanted = is_sync ? cuts < 40 || random_below(&seed, (uint32_t)syncs) < points : random_below(&seed, (uint32_t)ops_n) < points / 2;
		if (!wanted)
			continue;
		enum cut cut = (enum cut)(random_below(&seed, 4) % 3 == 0 ? random_below(&seed, 2) : CUT_SOME);
		cuts++;
		if (!cut_is_survived(argv[2], cut, &seed)) {
			if (!must_fail || !broken)
				printf("broken: cut after operation %zu of %zu with %s of the unsynced, %zu acknowledged\n", i, ops_n, words[cut], acked_n);
			if (++broken == 1 && !must_fail) {
				char command[8300];
				snprintf(command, sizeof command, "rm -rf '%s.broken'; cp -a '%s' '%s.broken'", argv[2], argv[2], argv[2]);
				if (system(command) != 0)
					abort();
			}
		}
	}
	printf("%zu cuts, %zu broken, %zu acknowledged\n", cuts, broken, acked_n);
	if (!must_fail && cuts < points)
		printf("too few cuts\n");
	return must_fail ? broken == 0 : broken != 0 || cuts < points || acked_n == 0;
}
