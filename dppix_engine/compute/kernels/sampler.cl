/* Discrete-Laplace noise, 32 values at a time, from ChaCha20 (RFC 8439) by bit-sliced comparison; put before the kernels
   that draw.  No kernel of its own.

   The law, the thresholds and the positions in the keystream: privacy/discrete_laplace.py, compute/noise_stream.py.
   The oracle: compute/numpy_release.py; the integers are the same for the same key.

   LANES: keystream blocks made at once: 8 in vector lanes on a CPU, 1 on a GPU.
   thresholds: 6 words a coin, highest first; coins from the lowest digit, then the sign.
   streams: 8 longs a plane: first group, groups, first value, values, digits, first block, blocks a group, first
            threshold word.
*/
#if LANES == 8 /* 256 bits: PoCL 3 passes 512-bit vectors wrongly on processors with AVX-512 */
typedef uint8 lanes_t;
#define LANE_NUMBERS ((uint8)(0, 1, 2, 3, 4, 5, 6, 7))
#else
typedef uint lanes_t;
#define LANE_NUMBERS 0u
#endif
#define STORE_LANES(value, target) (*(lanes_t *)(target) = (value))

/* Shifts, not rotate(): PoCL 3 calls its library for that, at half the speed of the whole cipher. */
static lanes_t rotated(const lanes_t x, const uint bits)
{
    return (x << bits) | (x >> (32u - bits));
}

#define QUARTER_ROUND(a, b, c, d)                                                                                      \
    a += b; d = rotated(d ^ a, 16u);                                                                          \
    c += d; b = rotated(b ^ c, 12u);                                                                          \
    a += b; d = rotated(d ^ a, 8u);                                                                           \
    c += d; b = rotated(b ^ c, 7u);

typedef struct {
    uint words[16 * LANES] __attribute__((aligned(64)));
    uint position; /* of the next word within `words`, in the RFC's order */
    ulong block;   /* number of the next block to make */
} stream_t;

static void refill(stream_t *stream, constant uint *key)
{
    /* 64-bit block numbers in two words; the carry of a + b is the top bit of (a & b) | ((a | b) & ~(a + b)). */
    const lanes_t base = (lanes_t)((uint)stream->block);
    const lanes_t low = base + LANE_NUMBERS;
    const lanes_t carry = ((base & LANE_NUMBERS) | ((base | LANE_NUMBERS) & ~low)) >> 31u;
    const lanes_t high = (lanes_t)((uint)(stream->block >> 32)) + carry;
    lanes_t x0 = 0x61707865u, x1 = 0x3320646eu, x2 = 0x79622d32u, x3 = 0x6b206574u;
    lanes_t x4 = key[0], x5 = key[1], x6 = key[2], x7 = key[3];
    lanes_t x8 = key[4], x9 = key[5], x10 = key[6], x11 = key[7];
    lanes_t x12 = low, x13 = high, x14 = 0u, x15 = 0u;
    for (int round = 0; round < 10; round++) {
        QUARTER_ROUND(x0, x4, x8, x12)
        QUARTER_ROUND(x1, x5, x9, x13)
        QUARTER_ROUND(x2, x6, x10, x14)
        QUARTER_ROUND(x3, x7, x11, x15)
        QUARTER_ROUND(x0, x5, x10, x15)
        QUARTER_ROUND(x1, x6, x11, x12)
        QUARTER_ROUND(x2, x7, x8, x13)
        QUARTER_ROUND(x3, x4, x9, x14)
    }
    STORE_LANES(x0 + 0x61707865u, stream->words + 0 * LANES);
    STORE_LANES(x1 + 0x3320646eu, stream->words + 1 * LANES);
    STORE_LANES(x2 + 0x79622d32u, stream->words + 2 * LANES);
    STORE_LANES(x3 + 0x6b206574u, stream->words + 3 * LANES);
    STORE_LANES(x4 + key[0], stream->words + 4 * LANES);
    STORE_LANES(x5 + key[1], stream->words + 5 * LANES);
    STORE_LANES(x6 + key[2], stream->words + 6 * LANES);
    STORE_LANES(x7 + key[3], stream->words + 7 * LANES);
    STORE_LANES(x8 + key[4], stream->words + 8 * LANES);
    STORE_LANES(x9 + key[5], stream->words + 9 * LANES);
    STORE_LANES(x10 + key[6], stream->words + 10 * LANES);
    STORE_LANES(x11 + key[7], stream->words + 11 * LANES);
    STORE_LANES(x12 + low, stream->words + 12 * LANES);
    STORE_LANES(x13 + high, stream->words + 13 * LANES);
    STORE_LANES(x14, stream->words + 14 * LANES);
    STORE_LANES(x15, stream->words + 15 * LANES);
    stream->block += LANES;
    stream->position = 0;
}

/* Word `position` of the blocks that are held, in the RFC's order: word `position % 16` of block `position / 16`. */
static uint held_word(const stream_t *stream, const uint position)
{
    return stream->words[(position & 15) * LANES + (position >> 4)];
}

/* 32 comparisons [192 random bits < threshold], one in each bit. */
static uint coins(stream_t *stream, constant uint *key, global const uint *threshold)
{
    uint below = 0u, undecided = 0xffffffffu;
    uint position = stream->position; /* a copy, so that it stays in a register */
    for (int word = 0; word < 6 && undecided; word++) {
        const uint bits = threshold[word];
        for (int bit = 31; bit >= 0; bit--) {
            if (position == 16 * LANES) {
                refill(stream, key);
                position = 0;
            }
            const uint one = -((bits >> bit) & 1u); /* all ones where the threshold's bit is 1 */
            const uint drawn = held_word(stream, position++);
            below |= undecided & ~drawn & one;
            undecided &= drawn ^ ~one;
            if (!undecided)
                break;
        }
    }
    stream->position = position;
    return below;
}

/* The plane that a group belongs to; `plane_count` if there is none. */
static int plane_of_group(global const long *streams, const int plane_count, const long group)
{
    int plane = 0;
    while (plane < plane_count && group >= streams[8 * plane] + streams[8 * plane + 1])
        plane++;
    return plane;
}

/* The 32 values of one group of a plane; `group` counts within the plane. */
static void draw_group(constant uint *key, global const uint *thresholds, global const long *stream_row, const long group,
                       long values[32])
{
    const int digits = (int)stream_row[4];
    global const uint *threshold = thresholds + stream_row[7];
    stream_t stream;
    stream.block = (ulong)(stream_row[5] + group * stream_row[6]);
    stream.position = 16 * LANES;

    uint low[32], high[32];
    for (int i = 0; i < 32; i++)
        low[i] = high[i] = 0u;
    for (int digit = 0; digit < min(digits, 32); digit++, threshold += 6) {
        const uint drawn = coins(&stream, key, threshold);
        for (int i = 0; i < 32; i++)
            low[i] |= ((drawn >> i) & 1u) << digit;
    }
    for (int digit = 32; digit < digits; digit++, threshold += 6) {
        const uint drawn = coins(&stream, key, threshold);
        for (int i = 0; i < 32; i++)
            high[i] |= ((drawn >> i) & 1u) << (digit - 32);
    }
    const uint sign = coins(&stream, key, threshold);
    for (int i = 0; i < 32; i++)
        values[i] = (long)(((ulong)high[i] << 32) | low[i]) ^ -(long)((sign >> i) & 1u);
}
