/* Colour of every fine cell in 1/128 level, 0..WHITE, channel after channel.  Public.

   The oracle: compute/numpy_render.py, cell_colours.
   global size: (columns, rows) of the fine grid.
   CHANNELS: 3, or 1 for grey.
   shades: means of the planes, plane after plane; offsets: where planes 1 and 2 begin; coarse_columns: their columns, or
           0 where they stand on the fine grid.
   down, along: four coarse cells for each fine row and column; down_weights, along_weights: in 1/32768.
   matrix: inverse of the colour combination, times 2^14, row by row.
   colours: CHANNELS planes of rows x columns shorts.
*/
#define WHITE 32640

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
                         const int coarse_columns, const int nearest, global const int *down,
                         global const short *down_weights, global const int *along,
                         global const short *along_weights, global const int *matrix, global short *colours)
{
    const int column = get_global_id(0);
    const int row = get_global_id(1);
    if (column >= columns || row >= rows)
        return;
    const int cell = row * columns + column;
    const long first = shades[cell];
#if CHANNELS == 1
    colours[cell] = (short)min(max(first, 0l), (long)WHITE);
#else
    long others[2];
    for (int i = 0; i < 2; i++) {
        global const int *plane = shades + (i == 0 ? second : third);
        if (coarse_columns == 0)
            others[i] = plane[cell];
        else if (nearest)
            others[i] = plane[down[4 * row] * coarse_columns + along[4 * column]];
        else
            others[i] = interpolated(plane, coarse_columns, down + 4 * row, down_weights + 4 * row, along + 4 * column,
                                     along_weights + 4 * column);
    }
    for (int c = 0; c < 3; c++) {
        const long mixed = matrix[3 * c] * first + matrix[3 * c + 1] * others[0] + matrix[3 * c + 2] * others[1];
        colours[c * rows * columns + cell] = (short)min(max((mixed + (1 << 13)) >> 14, 0l), (long)WHITE);
    }
#endif
}
