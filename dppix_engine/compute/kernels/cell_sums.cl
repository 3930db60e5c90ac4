/* Exact sums of each channel over each cell of a grid, in partial sums over at most 64 rows.  Private.

   The oracle: compute/numpy_release.py.
   CHANNELS: 3 for RGB, 1 for grey.
   chunk_rows: chunks + 1 row numbers; a chunk is a run of at most 64 rows within one row of cells, so a column sum fits
               16 bits (64 * 255) and a partial sum 32 bits for frames up to 65535 pixels wide.
   sums: chunks x columns x CHANNELS unsigned 32-bit partial sums.

   Two shapes of the same sums: `_strip`, one work-item a chunk, which walks memory in order (CPU); `_cell`, one work-item
   a chunk of a cell (GPU).
*/
#define SEGMENT 2048 /* pixels whose column sums are held at once: all of a 1080p row, so memory is read in order */

kernel void cell_sums_strip(global const uchar *restrict frame, const int width, global const int *restrict chunk_rows,
                            global const int *restrict column_edges, const int columns, global uint *restrict sums)
{
    const int chunk = get_global_id(0);
    const int top = chunk_rows[chunk];
    const int rows = chunk_rows[chunk + 1] - top;
    const size_t pitch = (size_t)width * CHANNELS;
    global const uchar *strip = frame + (size_t)top * pitch;
    global uint *target = sums + (size_t)chunk * columns * CHANNELS;
    ushort column_sums[SEGMENT * CHANNELS];
    uint running[CHANNELS];
    for (int c = 0; c < CHANNELS; c++)
        running[c] = 0u;
    int cell = 0;
    int cell_end = column_edges[1];
    for (int left = 0; left < width; left += SEGMENT) {
        const int right = min(width, left + SEGMENT);
        const int bytes = (right - left) * CHANNELS;
        global const uchar *restrict source = strip + (size_t)left * CHANNELS;
        for (int i = 0; i < bytes; i++)
            column_sums[i] = source[i];
        for (int r = 1; r < rows; r++) { /* plain loops over short rows: the compiler makes the best vectors of them */
            global const uchar *restrict row = source + (size_t)r * pitch;
            for (int i = 0; i < bytes; i++)
                column_sums[i] += row[i];
        }
        int x = left;
        while (x < right) {
            const int end = min(cell_end, right);
            const ushort *columns_here = column_sums + (x - left) * CHANNELS;
            uint totals[CHANNELS];
            for (int c = 0; c < CHANNELS; c++)
                totals[c] = 0u;
            for (int i = 0; i < end - x; i++)
                for (int c = 0; c < CHANNELS; c++)
                    totals[c] += columns_here[CHANNELS * i + c];
            for (int c = 0; c < CHANNELS; c++)
                running[c] += totals[c];
            x = end;
            if (x == cell_end) {
                for (int c = 0; c < CHANNELS; c++) {
                    target[cell * CHANNELS + c] = running[c];
                    running[c] = 0u;
                }
                cell++;
                cell_end = cell < columns ? column_edges[cell + 1] : width + 1;
            }
        }
    }
}

kernel void cell_sums_cell(global const uchar *restrict frame, const int width, global const int *restrict chunk_rows,
                           global const int *restrict column_edges, const int columns, global uint *restrict sums)
{
    const int cell = get_global_id(0);
    const int chunk = get_global_id(1);
    if (cell >= columns)
        return;
    const size_t pitch = (size_t)width * CHANNELS;
    uint totals[CHANNELS];
    for (int c = 0; c < CHANNELS; c++)
        totals[c] = 0u;
    for (int y = chunk_rows[chunk]; y < chunk_rows[chunk + 1]; y++) {
        global const uchar *pixel = frame + (size_t)y * pitch + (size_t)column_edges[cell] * CHANNELS;
        for (int x = column_edges[cell]; x < column_edges[cell + 1]; x++, pixel += CHANNELS)
            for (int c = 0; c < CHANNELS; c++)
                totals[c] += pixel[c];
    }
    for (int c = 0; c < CHANNELS; c++)
        sums[((size_t)chunk * columns + cell) * CHANNELS + c] = totals[c];
}
