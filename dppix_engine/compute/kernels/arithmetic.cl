/* Whole-number arithmetic that several kernels share; put before each of them.  No kernel of its own. */

#define WHITE 32640        /* 255 levels in 1/128 level */
#define SIGNED_REACH 16384 /* 128 levels */

/* The quotient rounded towards minus infinity; the denominator is positive. */
static long floor_quotient(const long numerator, const long denominator)
{
    const long quotient = numerator / denominator; /* C rounds towards zero */
    return quotient - (numerator - quotient * denominator < 0);
}

/* Mean of a cell in 1/128 level, rounded half up, within low..high: compute/numpy_render.py, plane_means. */
static int cell_mean(const long stored, const long limit, const long step, const long area, const long low,
                     const long high)
{
    const long sum = min(max(stored, -limit), limit) * step;
    return (int)min(max(floor_quotient(sum * 256 + area, 2 * area), low), high);
}

/* One channel from the planes' shades, each within its natural range: compute/numpy_render.py, mixed. */
static int mixed(const int matrix_first, const int matrix_second, const int matrix_third, const int first,
                 const int second, const int third)
{
    return clamp((matrix_first * first + matrix_second * second + matrix_third * third + (1 << 13)) >> 14, 0, WHITE);
}
