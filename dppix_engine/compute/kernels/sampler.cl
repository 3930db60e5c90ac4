/* Discrete-Laplace noise, groups of 32 values at a time, from ChaCha20 (RFC 8439) by bit-sliced comparison; put before
   the kernels that draw.  No kernel of its own.

   The law, the thresholds and the positions in the keystream: privacy/discrete_laplace.py, compute/noise_stream.py.
   The oracle: compute/numpy_release.py; the integers are the same for the same key.

   LANES: groups that a work-item draws together: 8 in the lanes of vectors on a CPU, 1 on a GPU.
   thresholds: 6 words a coin, highest first; coins from the lowest digit, then the sign.
   streams: 8 longs a plane: a spare one, groups, first value, values, digits, first block, blocks a group, first
            threshold word.
*/

/* Shifts, not rotate(): PoCL 3 calls its library for that, at half the speed of the whole cipher. */
#define ROTATED(x, bits) (((x) << (bits##u)) | ((x) >> (32u - bits##u)))

#define QUARTER_ROUND(a, b, c, d)                                                                                      \
    a += b; d ^= a; d = ROTATED(d, 16);                                                                                \
    c += d; b ^= c; b = ROTATED(b, 12);                                                                                \
    a += b; d ^= a; d = ROTATED(d, 8);                                                                                 \
    c += d; b ^= c; b = ROTATED(b, 7);

/* The 16 words of one block a lane; the block's number is `low` + 2^32 `high`. */
#define DEFINE_CHACHA20(name, lanes_t)                                                                                 \
    static void name(lanes_t *words, constant uint *key, const lanes_t low, const lanes_t high)                        \
    {                                                                                                                  \
        lanes_t x0 = 0x61707865u, x1 = 0x3320646eu, x2 = 0x79622d32u, x3 = 0x6b206574u;                                \
        lanes_t x4 = key[0], x5 = key[1], x6 = key[2], x7 = key[3];                                                    \
        lanes_t x8 = key[4], x9 = key[5], x10 = key[6], x11 = key[7];                                                  \
        lanes_t x12 = low, x13 = high, x14 = 0u, x15 = 0u;                                                             \
        for (int round = 0; round < 10; round++) {                                                                     \
            QUARTER_ROUND(x0, x4, x8, x12)                                                                             \
            QUARTER_ROUND(x1, x5, x9, x13)                                                                             \
            QUARTER_ROUND(x2, x6, x10, x14)                                                                            \
            QUARTER_ROUND(x3, x7, x11, x15)                                                                            \
            QUARTER_ROUND(x0, x5, x10, x15)                                                                            \
            QUARTER_ROUND(x1, x6, x11, x12)                                                                            \
            QUARTER_ROUND(x2, x7, x8, x13)                                                                             \
            QUARTER_ROUND(x3, x4, x9, x14)                                                                             \
        }                                                                                                              \
        words[0] = x0 + 0x61707865u; words[1] = x1 + 0x3320646eu;                                                      \
        words[2] = x2 + 0x79622d32u; words[3] = x3 + 0x6b206574u;                                                      \
        words[4] = x4 + key[0]; words[5] = x5 + key[1]; words[6] = x6 + key[2]; words[7] = x7 + key[3];                \
        words[8] = x8 + key[4]; words[9] = x9 + key[5]; words[10] = x10 + key[6]; words[11] = x11 + key[7];            \
        words[12] = x12 + low; words[13] = x13 + high; words[14] = x14; words[15] = x15;                               \
    }

DEFINE_CHACHA20(block_of_words, uint)

typedef struct {
    uint words[16];
    uint position; /* of the next word within `words` */
    ulong block;   /* number of the next block to make */
} stream_t;

static uint next_word(stream_t *stream, constant uint *key)
{
    if (stream->position == 16) {
        block_of_words(stream->words, key, (uint)stream->block, (uint)(stream->block >> 32));
        stream->block++;
        stream->position = 0;
    }
    return stream->words[stream->position++];
}

/* Whether the threshold's bit is 1, in every bit of a word. */
static uint threshold_mask(global const uint *threshold, const int bit)
{
    return -((threshold[5 - (bit >> 5)] >> (bit & 31)) & 1u);
}

/* 32 comparisons [192 random bits < threshold], one in each bit. */
static uint coins(stream_t *stream, constant uint *key, global const uint *threshold)
{
    uint below = 0u, undecided = 0xffffffffu;
    for (int bit = 191; undecided && bit >= 0; bit--) {
        const uint one = threshold_mask(threshold, bit);
        const uint drawn = next_word(stream, key);
        below |= undecided & ~drawn & one;
        undecided &= drawn ^ ~one;
    }
    return below;
}

/* The values whose digits and sign are the bits of words `stride` apart. */
static void turned(const uint *drawn, const int stride, const int digits, long values[32])
{
    uint low[32], high[32];
    for (int i = 0; i < 32; i++)
        low[i] = high[i] = 0u;
    for (int digit = 0; digit < min(digits, 32); digit++) {
        const uint word = drawn[digit * stride];
        for (int i = 0; i < 32; i++)
            low[i] |= ((word >> i) & 1u) << digit;
    }
    for (int digit = 32; digit < digits; digit++) {
        const uint word = drawn[digit * stride];
        for (int i = 0; i < 32; i++)
            high[i] |= ((word >> i) & 1u) << (digit - 32);
    }
    const uint sign = drawn[digits * stride];
    for (int i = 0; i < 32; i++)
        values[i] = (long)(((ulong)high[i] << 32) | low[i]) ^ -(long)((sign >> i) & 1u);
}

/* The 32 values of one group of a plane. */
static void draw_group(constant uint *key, global const uint *thresholds, global const long *row, const long group,
                       long values[32])
{
    const int digits = (int)row[4];
    uint drawn[64];
    stream_t stream;
    stream.block = (ulong)(row[5] + group * row[6]);
    stream.position = 16;
    for (int coin = 0; coin <= digits; coin++)
        drawn[coin] = coins(&stream, key, thresholds + row[7] + 6 * coin);
    turned(drawn, 1, digits, values);
}

#if LANES == 8
/* 256 bits, because PoCL 3 passes 512-bit vectors wrongly on processors with AVX-512. */
DEFINE_CHACHA20(block_of_lanes, uint8)

#ifndef MOST_BLOCKS /* a test makes them run out */
#define MOST_BLOCKS 26
#endif
#define LONGEST 40 /* words of one coin that are taken in step; a coin that needs more comes once in 2^35 */
#define GATHERED(words, p)                                                                                             \
    (uint8)(words[p.s0], words[p.s1], words[p.s2], words[p.s3], words[p.s4], words[p.s5], words[p.s6], words[p.s7])

/* The same coins for eight groups in step, each lane reading its own keystream at its own place.  A group needs 6.4 words
   a coin; enough blocks are made beforehand but for one time in thousands.  0 if they ran out. */
static int draw_in_step(constant uint *key, global const uint *thresholds, global const long *row, const long group,
                        uint8 *drawn)
{
    const int digits = (int)row[4];
    const int blocks = min(MOST_BLOCKS, ((digits + 1) * 66 / 10 + LONGEST) / 16 + 3);
    uint8 made[MOST_BLOCKS * 16];
    const uint *words = (const uint *)made;
    for (int block = 0; block < blocks; block++) {
        uint8 low, high;
        for (int lane = 0; lane < 8; lane++) {
            const ulong number = (ulong)(row[5] + (group + lane) * row[6] + block);
            ((uint *)&low)[lane] = (uint)number;
            ((uint *)&high)[lane] = (uint)(number >> 32);
        }
        block_of_lanes(made + 16 * block, key, low, high);
    }
    uint8 place = (uint8)(0, 1, 2, 3, 4, 5, 6, 7);
    const uint last = 8 * (16 * blocks - LONGEST);
    for (int coin = 0; coin <= digits; coin++) {
        global const uint *threshold = thresholds + row[7] + 6 * coin;
        uint8 below = 0u, undecided = 0xffffffffu;
        uint left = 1u;
        for (int bit = 191; left && bit >= 192 - LONGEST; bit--) {
            const uint one = threshold_mask(threshold, bit);
            const uint8 word = GATHERED(words, place);
            place += undecided != 0u ? (uint8)(8u) : (uint8)(0u);
            below |= undecided & ~word & one;
            undecided &= word ^ ~one;
            left = undecided.s0 | undecided.s1 | undecided.s2 | undecided.s3 | undecided.s4 | undecided.s5 |
                   undecided.s6 | undecided.s7;
        }
        drawn[coin] = below;
        const uint8 beyond = place > last ? (uint8)(1u) : (uint8)(0u);
        if (left || (beyond.s0 | beyond.s1 | beyond.s2 | beyond.s3 | beyond.s4 | beyond.s5 | beyond.s6 | beyond.s7))
            return 0;
    }
    return 1;
}
#endif

/* The plane that a work-item draws for, and its first group in `group`; `plane_count` if there is none. */
static int plane_of_item(global const long *streams, const int plane_count, long *group)
{
    long item = *group;
    for (int plane = 0; plane < plane_count; plane++) {
        const long items = (streams[8 * plane + 1] + LANES - 1) / LANES;
        if (item < items) {
            *group = item * LANES;
            return plane;
        }
        item -= items;
    }
    return plane_count;
}

/* The values of LANES groups of a plane from `group` on; those beyond the plane's last group are not defined. */
static void draw_groups(constant uint *key, global const uint *thresholds, global const long *row, const long group,
                        long values[LANES][32])
{
#if LANES == 8
    uint8 drawn[64];
    if (draw_in_step(key, thresholds, row, group, drawn)) {
        for (int lane = 0; lane < 8; lane++)
            turned((const uint *)drawn + lane, 8, (int)row[4], values[lane]);
        return;
    }
#endif
    for (int lane = 0; lane < LANES && group + lane < row[1]; lane++)
        draw_group(key, thresholds, row, group + lane, values[lane]);
}
