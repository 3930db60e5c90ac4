/* What a release stores: floor((exact sum + noise) / step + 1/2) for every cell of every plane.  Private.

   The oracle: compute/numpy_release.py.   Before it stand arithmetic.cl and sampler.cl.
   A work-item draws the noise of LANES groups of 32 values and adds it to their sums at once: noise is never held in
   memory that outlives the draw, so no release can be given the noise of another.
   global size: at least the work-items of all planes (`exact_values`: the number of values).
   key, thresholds, streams: see sampler.cl.
   sums: partial sums of cell_sums.cl over the fine grid.
   chunk_starts: for each row of fine cells its first chunk; rows + 1 numbers.
   planes: 12 longs a plane: first value, values, columns, step, coefficients of R, G, B (grey: the first alone), offset of
           its row map, offset of its column map in `maps`, and three spare.
   maps: for each plane the fine row (column) where each of its rows (columns) begins, one more at the end.
   out: one long a value, plane after plane.
*/

/* Exact sum of one cell of a plane. */
static long exact_sum(global const uint *sums, global const int *chunk_starts, const int fine_columns,
                      global const long *plane, global const int *maps, const int row, const int column)
{
    global const int *rows = maps + plane[7];
    global const int *columns = maps + plane[8];
    long total = 0;
    for (int chunk = chunk_starts[rows[row]]; chunk < chunk_starts[rows[row + 1]]; chunk++)
        for (int fine = columns[column]; fine < columns[column + 1]; fine++)
            for (int c = 0; c < CHANNELS; c++)
                total += plane[4 + c] * (long)sums[((size_t)chunk * fine_columns + fine) * CHANNELS + c];
    return total;
}

kernel void stored_values(constant uint *key, global const uint *thresholds, global const long *streams,
                          global const uint *sums, global const int *chunk_starts, const int fine_columns,
                          global const long *planes, const int plane_count, global const int *maps, global long *out)
{
    long group = get_global_id(0);
    const int plane = plane_of_item(streams, plane_count, &group);
    if (plane == plane_count)
        return;
    streams += 8 * plane;
    planes += 12 * plane;
    long noise[LANES][32];
    draw_groups(key, thresholds, streams, group, noise);
    const int start = (int)(32 * group);
    const int count = min(32 * LANES, (int)planes[1] - start);
    const int plane_columns = (int)planes[2];
    int row = start / plane_columns;
    int column = start % plane_columns;
    for (int i = 0; i < count; i++) {
        const long exact = exact_sum(sums, chunk_starts, fine_columns, planes, maps, row, column);
        const long noisy = exact + noise[i >> 5][i & 31];
        out[planes[0] + start + i] = floor_quotient(2 * noisy + planes[3], 2 * planes[3]);
        column++;
        if (column == plane_columns) {
            column = 0;
            row++;
        }
    }
}

/* Exact sums without noise, for the tests of a device alone: no release is made of them. */
kernel void exact_values(global const uint *sums, global const int *chunk_starts, const int fine_columns,
                         global const long *planes, const int plane_count, global const int *maps, global long *out)
{
    const long item = get_global_id(0);
    int plane = 0;
    while (plane < plane_count && item >= planes[12 * plane] + planes[12 * plane + 1])
        plane++;
    if (plane == plane_count)
        return;
    planes += 12 * plane;
    const int index = (int)(item - planes[0]);
    const int columns = (int)planes[2];
    out[item] = exact_sum(sums, chunk_starts, fine_columns, planes, maps, index / columns, index % columns);
}
