/* Every pixel between the centres of its neighbouring cells, by Catmull-Rom, down the rows first.  Public.

   The oracle: compute/numpy_render.py, interpolated: down a column in 32 bits, along a row four 16-bit products whose
   upper halves are added, plus 2 for the four cuts.
   colours: CHANNELS planes of rows x columns shorts in 1/128 level.
   down, down_weights: four cells and weights (1/32768) for each row of pixels.
   runs: runs + 1 pixel numbers: within a run all pixels lie between the same two cells; run_cells: four cells a run.
   along_weights: four rows of `weight_pitch` shorts: the weights of tap 0 for every pixel, then tap 1 ...
   along, item_weights: four cells and weights for each column of pixels (shape `_item`).
   pixels: height x width x CHANNELS bytes.
   shades_spare, row_spare: scratch of `_strip`, for each work-item columns * CHANNELS shorts and weight_pitch * CHANNELS
                            bytes; a work-item paints `strip` rows.
*/
#define VECTOR 16 /* pixels at a time; rows of weights and spare rows are padded to it */

kernel void interpolate_strip(global const short *restrict colours, const int rows, const int columns, const int width,
                              const int height, global const int *restrict down,
                              global const short *restrict down_weights, const int runs,
                              global const int *restrict run_edges, global const int *restrict run_cells,
                              global const short *restrict along_weights, const int weight_pitch, const int strip,
                              global short *restrict shades_spare, global uchar *restrict row_spare,
                              global uchar *restrict pixels)
{
    const int item = get_global_id(0);
    global short *restrict shades = shades_spare + (size_t)item * columns * CHANNELS;
    global uchar *restrict planar = row_spare + (size_t)item * weight_pitch * CHANNELS;
    global const short *restrict w0 = along_weights;
    global const short *restrict w1 = along_weights + weight_pitch;
    global const short *restrict w2 = along_weights + 2 * weight_pitch;
    global const short *restrict w3 = along_weights + 3 * weight_pitch;
    for (int y = item * strip; y < min(height, (item + 1) * strip); y++) {
        for (int c = 0; c < CHANNELS; c++) {
            global const short *restrict plane = colours + c * rows * columns;
            global const short *restrict a = plane + down[4 * y] * columns;
            global const short *restrict b = plane + down[4 * y + 1] * columns;
            global const short *restrict d = plane + down[4 * y + 2] * columns;
            global const short *restrict e = plane + down[4 * y + 3] * columns;
            const int va = down_weights[4 * y], vb = down_weights[4 * y + 1];
            const int vd = down_weights[4 * y + 2], ve = down_weights[4 * y + 3];
            global short *restrict target = shades + c * columns;
            for (int i = 0; i < columns; i++)
                target[i] = (short)clamp((a[i] * va + b[i] * vb + d[i] * vd + e[i] * ve + (1 << 14)) >> 15, 0, WHITE);
        }
        for (int c = 0; c < CHANNELS; c++) {
            global const short *restrict source = shades + c * columns;
            global uchar *restrict target = planar + c * weight_pitch;
            for (int run = 0; run < runs; run++) {
                const short a = source[run_cells[4 * run]], b = source[run_cells[4 * run + 1]];
                const short d = source[run_cells[4 * run + 2]], e = source[run_cells[4 * run + 3]];
                /* whole vectors: what spills over the run's end is overwritten by the next run */
                for (int x = run_edges[run]; x < run_edges[run + 1]; x += VECTOR)
                    for (int i = 0; i < VECTOR; i++) {
                        short total = 34;
                        total += (short)((a * w0[x + i]) >> 16);
                        total += (short)((b * w1[x + i]) >> 16);
                        total += (short)((d * w2[x + i]) >> 16);
                        total += (short)((e * w3[x + i]) >> 16);
                        total >>= 6;
                        total = total < 0 ? 0 : total > 255 ? 255 : total;
                        target[x + i] = (uchar)total;
                    }
            }
        }
        global uchar *restrict row = pixels + (size_t)y * width * CHANNELS;
        global const uchar *restrict red = planar;
#if CHANNELS == 3
        global const uchar *restrict green = planar + weight_pitch; /* named pointers: the loop becomes shuffles */
        global const uchar *restrict blue = planar + 2 * weight_pitch;
        for (int x = 0; x < width; x++) {
            row[3 * x] = red[x];
            row[3 * x + 1] = green[x];
            row[3 * x + 2] = blue[x];
        }
#else
        for (int x = 0; x < width; x++)
            row[x] = red[x];
#endif
    }
}

kernel void interpolate_item(global const short *restrict colours, const int rows, const int columns, const int width,
                             const int height, global const int *restrict down,
                             global const short *restrict down_weights, global const int *restrict along,
                             global const short *restrict item_weights, global uchar *restrict pixels)
{
    const int x = get_global_id(0);
    const int y = get_global_id(1);
    if (x >= width || y >= height)
        return;
    for (int c = 0; c < CHANNELS; c++) {
        global const short *restrict plane = colours + c * rows * columns;
        int total = 34;
        for (int j = 0; j < 4; j++) {
            int column = 1 << 14;
            for (int i = 0; i < 4; i++)
                column += plane[down[4 * y + i] * columns + along[4 * x + j]] * down_weights[4 * y + i];
            total += (clamp(column >> 15, 0, WHITE) * item_weights[4 * x + j]) >> 16;
        }
        pixels[((size_t)y * width + x) * CHANNELS + c] = (uchar)clamp(total >> 6, 0, 255);
    }
}
