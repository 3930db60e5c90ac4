/* Colour of every fine cell in 1/128 level, 0..WHITE, channel after channel.  Public.

   The oracle: compute/numpy_render.py, cell_colours.
   global size: (columns, rows) of the fine grid.
   CHANNELS: 3, or 1 for grey.
   shades: means of the planes, plane after plane; second, third: where planes 1 and 2 begin; coarse_columns: their
           columns, or 0 where they stand on the fine grid; signed_reach: 128 levels if they are signed, else 0.
   down, along: four coarse cells for each fine row and column; down_weights, along_weights: in 1/32768; with
           `nearest` the first cell alone counts.
   matrix: inverse of the colour combination, times 2^14, row by row.
   colours: CHANNELS planes of rows x columns shorts.
*/
static int interpolated(global const int *plane, const int columns, global const int *down,
                        global const short *down_weights, global const int *along, global const short *along_weights)
{
    long across = 1 << 14;
    for (int j = 0; j < 4; j++) {
        long total = 1 << 14;
        for (int i = 0; i < 4; i++)
            total += (long)plane[down[i] * columns + along[j]] * down_weights[i];
        across += (total >> 15) * along_weights[j];
    }
    return (int)(across >> 15);
}

kernel void cell_colours(global const int *shades, const int rows, const int columns, const int second, const int third,
                         const int coarse_columns, const int signed_reach, const int nearest, global const int *down,
                         global const short *down_weights, global const int *along,
                         global const short *along_weights, global const int *matrix, global short *colours)
{
    const int column = get_global_id(0);
    const int row = get_global_id(1);
    if (column >= columns || row >= rows)
        return;
    const int cell = row * columns + column;
    const int first = clamp(shades[cell], 0, WHITE);
#if CHANNELS == 1
    colours[cell] = (short)first;
#else
    int others[2];
    for (int i = 0; i < 2; i++) {
        global const int *plane = shades + (i == 0 ? second : third);
        int shade;
        if (coarse_columns == 0)
            shade = plane[cell];
        else if (nearest)
            shade = plane[down[4 * row] * coarse_columns + along[4 * column]];
        else
            shade = interpolated(plane, coarse_columns, down + 4 * row, down_weights + 4 * row, along + 4 * column,
                                 along_weights + 4 * column);
        others[i] = signed_reach ? clamp(shade, -SIGNED_REACH, SIGNED_REACH) : clamp(shade, 0, WHITE);
    }
    for (int c = 0; c < 3; c++)
        colours[c * rows * columns + cell] =
            (short)mixed(matrix[3 * c], matrix[3 * c + 1], matrix[3 * c + 2], first, others[0], others[1]);
#endif
}
