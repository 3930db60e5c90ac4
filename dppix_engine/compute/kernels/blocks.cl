/* Every pixel in the colour of its cell.  Public.

   The oracle: compute/numpy_render.py, painted_blocks.
   colours: CHANNELS planes of rows x columns shorts in 1/128 level.
   chunk_rows: chunks + 1 row numbers, runs of at most 64 rows within one row of cells; chunk_cells: that row.
   pixels: height x width x CHANNELS bytes.

   Two shapes: `_strip`, one work-item a chunk, which makes one row of pixels and copies it (CPU); `_item`, one a pixel.
*/
#define SHADE(value) ((uchar)(((value) + 64) >> 7))

kernel void blocks_strip(global const short *restrict colours, const int rows, const int columns, const int width,
                         global const int *restrict chunk_rows, global const int *restrict chunk_cells,
                         global const int *restrict column_edges, global uchar *restrict pixels)
{
    const int chunk = get_global_id(0);
    const int top = chunk_rows[chunk];
    const int count = chunk_rows[chunk + 1] - top;
    const size_t pitch = (size_t)width * CHANNELS;
    global uchar *restrict first = pixels + (size_t)top * pitch;
    global const short *restrict cells = colours + chunk_cells[chunk] * columns;
    for (int cell = 0; cell < columns; cell++) {
        uchar shade[CHANNELS];
        for (int c = 0; c < CHANNELS; c++)
            shade[c] = SHADE(cells[c * rows * columns + cell]);
        for (int x = column_edges[cell]; x < column_edges[cell + 1]; x++)
            for (int c = 0; c < CHANNELS; c++)
                first[x * CHANNELS + c] = shade[c];
    }
    for (int y = 1; y < count; y++) {
        global uchar *restrict row = first + (size_t)y * pitch;
        for (size_t i = 0; i < pitch; i++)
            row[i] = first[i];
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
