/* Noise alone, for the known-answer tests of sampler and cipher: releases draw theirs in stored_values.cl.

   Before it stands sampler.cl, where thresholds and streams are told.
   global size: at least the work-items of all planes, one for LANES groups.   out: one long a value, plane after plane.
*/
kernel void discrete_laplace(constant uint *key, global const uint *thresholds, global const long *streams,
                             const int plane_count, global long *out)
{
    long group = get_global_id(0);
    const int plane = plane_of_item(streams, plane_count, &group);
    if (plane == plane_count)
        return;
    streams += 8 * plane;
    long values[LANES][32];
    draw_groups(key, thresholds, streams, group, values);
    const long start = 32 * group;
    const int count = (int)min(32l * LANES, streams[3] - start);
    for (int i = 0; i < count; i++)
        out[streams[2] + start + i] = values[i >> 5][i & 31];
}

/* Keystream words from a block number on, for the known-answer test of the cipher.  One work-item. */
kernel void keystream(constant uint *key, const ulong block, const int count, global uint *words)
{
    stream_t stream;
    stream.block = block;
    stream.position = 16;
    for (int i = 0; i < count; i++)
        words[i] = next_word(&stream, key);
}
