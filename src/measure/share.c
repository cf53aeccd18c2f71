/* share.c: Wilson's interval. */
#include "measure/share.h"

#include <assert.h>
#include <math.h>

struct share share_of(uint64_t k, uint64_t n)
{
	const double z = 1.959963984540054;
	assert(k <= n);
	if (n == 0)
		return (struct share){.high = 1};
	double count = (double)n, value = (double)k / count, square = z * z;
	double middle = (value + square / (2 * count)) / (1 + square / count);
	double half = z / (1 + square / count) * sqrt(value * (1 - value) / count + square / (4 * count * count));
	return (struct share){k, n, value, k == 0 ? 0 : fmax(0, middle - half), k == n ? 1 : fmin(1, middle + half)};
}

void share_put(struct json_writer *out, struct share share)
{
	json_put_double(out, "share", share.value);
	json_put_double(out, "low", share.low);
	json_put_double(out, "high", share.high);
}

void share_put_value(struct json_writer *out, double value, double low, double high)
{
	json_put_double(out, "value", value);
	json_put_double(out, "low", low);
	json_put_double(out, "high", high);
}
