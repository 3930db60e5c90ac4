/* Noise alone, for the known-answer tests of sampler and cipher: releases draw theirs in stored_values.cl.

   Before it stands sampler.cl, where thresholds and streams are told.
   global size: at least the number of groups of all planes.   out: one long a value, plane after plane.
*/
kernel void discrete_laplace(constant uint *key, global const uint *thresholds, global const long *streams,
                             const int plane_count, global long *out)
{
    const long item = get_global_id(0);
    const int plane = plane_of_group(streams, plane_count, item);
    if (plane == plane_count)
        return;
    streams += 8 * plane;
    const long group = item - streams[0];
    long values[32];
    draw_group(key, thresholds, streams, group, values);
    const long start = 32 * group;
    const int count = (int)min(32l, streams[3] - start);
    for (int i = 0; i < count; i++)
        out[streams[2] + start + i] = values[i];
}

/* Keystream words from a block number on, for the known-answer test of the cipher.  One work-item. */
kernel void keystream(constant uint *key, const ulong block, const int count, global uint *words)
{
    stream_t stream;
    stream.block = block;
    stream.position = 16 * LANES;
    for (int i = 0; i < count; i++) {
        if (stream.position == 16 * LANES)
            refill(&stream, key);
        words[i] = held_word(&stream, stream.position++);
    }
}
