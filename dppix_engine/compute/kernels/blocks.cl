/* Every pixel in the colour of its cell.  Public.

   The oracle: compute/numpy_render.py, painted_blocks.
   stored, planes, sides: see plane_means.cl.   matrix: see cell_colours.cl.
   coarse_rows, coarse_columns: for each fine row and column the coarse cell that holds it.
   chunk_rows: chunks + 1 row numbers, runs of at most 64 rows within one row of cells; chunk_cells: that row.
   pixels: height x width x CHANNELS bytes.

   Two shapes: `_strip`, one work-item a chunk, which makes one row of pixels from the stored values and copies it (CPU);
   `_item`, one a pixel, from colours that cell_colours.cl has made (GPU).
*/
#define SHADE(value) ((uchar)(((value) + 64) >> 7))

/* Shade of one cell of a plane. */
static int shade_at(global const long *stored, global const long *plane, global const int *sides, const int row,
                    const int column)
{
    const long area = (long)sides[plane[8] + row] * sides[plane[9] + column] * plane[5];
    return cell_mean(stored[plane[0] + (long)row * plane[2] + column], plane[4], plane[3], area, plane[6], plane[7]);
}

kernel void blocks_strip(global const long *restrict stored, global const long *restrict planes,
                         global const int *restrict sides, global const int *restrict matrix,
                         global const int *restrict coarse_rows, global const int *restrict coarse_columns,
                         const int columns, const int width, global const int *restrict chunk_rows,
                         global const int *restrict chunk_cells, global const int *restrict column_edges,
                         global uchar *restrict pixels)
{
    const int chunk = get_global_id(0);
    const int top = chunk_rows[chunk];
    const int count = chunk_rows[chunk + 1] - top;
    const int row = chunk_cells[chunk];
    const size_t pitch = (size_t)width * CHANNELS;
    global uchar *restrict first = pixels + (size_t)top * pitch;
#if CHANNELS == 3
    int held = -1, second = 0, third = 0;
#endif
    for (int cell = 0; cell < columns; cell++) {
        const int shade = shade_at(stored, planes, sides, row, cell);
#if CHANNELS == 3
        if (coarse_columns[cell] != held) {
            held = coarse_columns[cell];
            second = shade_at(stored, planes + 10, sides, coarse_rows[row], held);
            third = shade_at(stored, planes + 20, sides, coarse_rows[row], held);
        }
        const uchar red = SHADE(mixed(matrix[0], matrix[1], matrix[2], shade, second, third));
        const uchar green = SHADE(mixed(matrix[3], matrix[4], matrix[5], shade, second, third));
        const uchar blue = SHADE(mixed(matrix[6], matrix[7], matrix[8], shade, second, third));
        for (int x = column_edges[cell]; x < column_edges[cell + 1]; x++) {
            first[3 * x] = red;
            first[3 * x + 1] = green;
            first[3 * x + 2] = blue;
        }
#else
        for (int x = column_edges[cell]; x < column_edges[cell + 1]; x++)
            first[x] = SHADE(shade);
#endif
    }
    for (int y = 1; y < count; y++) {
        global uchar *restrict target = first + (size_t)y * pitch;
        for (size_t i = 0; i < pitch; i++)
            target[i] = first[i];
    }
}

kernel void blocks_item(global const short *restrict colours, const int rows, const int columns, const int width,
                        const int height, global const int *restrict row_cells,
                        global const int *restrict column_cells, global uchar *restrict pixels)
{
    const int x = get_global_id(0);
    const int y = get_global_id(1);
    if (x >= width || y >= height)
        return;
    const int cell = row_cells[y] * columns + column_cells[x];
    for (int c = 0; c < CHANNELS; c++)
        pixels[((size_t)y * width + x) * CHANNELS + c] = SHADE(colours[c * rows * columns + cell]);
}
