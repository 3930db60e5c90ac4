/* What a release stores: floor((exact sum + noise) / step + 1/2) for every cell of every plane.  Private.

   The oracle: compute/numpy_release.py.
   global size: at least the number of values of all planes.
   sums: partial sums of cell_sums.cl over the fine grid.
   chunk_starts: for each row of fine cells its first chunk; rows + 1 numbers.
   planes: 12 longs a plane: first value, values, columns, step, coefficients of R, G, B (grey: the first alone), offset of
           its row map, offset of its column map in `maps`, and three spare.
   maps: for each plane the fine row (column) where each of its rows (columns) begins, one more at the end.
   noise, out: one long a value, plane after plane. Noise is taken once: its place is then marked as used, and a value
               whose noise is marked (a driver that dropped the noise kernel without a word) comes out as the mark, which
               no release holds; the caller refuses it.
*/
#define USED LONG_MIN

kernel void stored_values(global const uint *sums, global const int *chunk_starts, const int fine_columns,
                          global const long *planes, const int plane_count, global const int *maps,
                          global long *noise, global long *out)
{
    const long item = get_global_id(0);
    int plane = 0;
    while (plane < plane_count && item >= planes[12 * plane] + planes[12 * plane + 1])
        plane++;
    if (plane == plane_count)
        return;
    planes += 12 * plane;
    const int index = (int)(item - planes[0]);
    const int row = index / (int)planes[2];
    const int column = index % (int)planes[2];
    global const int *rows = maps + planes[7];
    global const int *columns = maps + planes[8];
    long total = 0;
    for (int chunk = chunk_starts[rows[row]]; chunk < chunk_starts[rows[row + 1]]; chunk++)
        for (int fine = columns[column]; fine < columns[column + 1]; fine++)
            for (int c = 0; c < CHANNELS; c++)
                total += planes[4 + c] * (long)sums[((size_t)chunk * fine_columns + fine) * CHANNELS + c];
    const long drawn = noise[item];
    noise[item] = USED;
    out[item] = drawn == USED ? USED : floor_quotient(2 * (total + drawn) + planes[3], 2 * planes[3]);
}
