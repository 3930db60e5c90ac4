/* Sliding-patch DCT shrinkage on a grid of cells, in two steps a pass.  Public.

   The oracle: compute/numpy_shrinkage.py.  PATCH: 4, 6 or 8.  WIENER: 0 for the first pass, 1 for the second.

   shrink_patches, one work-item a row of patches: transforms, shrinks, turns back along the row, and adds up the weighted
   values of overlapping patches: along (patch rows x PATCH x padded columns ints) and weights (patch rows x padded columns).
   shrink_cells, one work-item a row of cells: turns back down the columns and divides.

   values: rows x columns ints, centred and shifted to 14 bits; guide: the first pass's result, or anything.
   row_map, column_map: indices of the mirrored grid, PATCH - 1 more on either side.
   Bounds that keep 32 bits: compute/paint_rules.py.
*/
#define TILE 64
#define MARGIN (PATCH - 1)
#define HALF (1 << 12)

static void transformed(global const int *restrict values, const int columns, global const int *restrict row_map,
                        global const int *restrict column_map, const int patch_row, const int left, const int span,
                        constant int *restrict matrix, int coefficients[PATCH][PATCH][TILE])
{
    int window[PATCH][TILE + MARGIN], down[PATCH][TILE + MARGIN];
    for (int a = 0; a < PATCH; a++) {
        global const int *restrict row = values + row_map[patch_row + a] * columns;
        for (int i = 0; i < TILE + MARGIN; i++)
            window[a][i] = row[column_map[min(left + i, span - 1)]];
    }
    for (int k = 0; k < PATCH; k++)
        for (int i = 0; i < TILE + MARGIN; i++) {
            int total = HALF;
            for (int a = 0; a < PATCH; a++)
                total += matrix[k * PATCH + a] * window[a][i];
            down[k][i] = total >> 13;
        }
    for (int k = 0; k < PATCH; k++)
        for (int f = 0; f < PATCH; f++)
            for (int i = 0; i < TILE; i++) {
                int total = HALF;
                for (int b = 0; b < PATCH; b++)
                    total += matrix[f * PATCH + b] * down[k][i + b];
                coefficients[k][f][i] = total >> 13;
            }
}

kernel void shrink_patches(global const int *restrict values, global const int *restrict guide, const int columns,
                           const int patch_rows, global const int *restrict row_map,
                           global const int *restrict column_map, constant int *restrict matrix, const int threshold,
                           const int sigma, const int unit_weight, global int *restrict along,
                           global int *restrict weights)
{
    const int patch_row = get_global_id(0);
    if (patch_row >= patch_rows)
        return;
    const int span = columns + 2 * MARGIN; /* padded columns */
    const int patches = columns + MARGIN;
    int coefficients[PATCH][PATCH][TILE];
    int sums[PATCH][TILE + MARGIN], total_weight[TILE + MARGIN], weight[TILE];
#if WIENER
    int pilot[PATCH][PATCH][TILE];
#endif
    for (int i = 0; i < TILE + MARGIN; i++) {
        total_weight[i] = 0;
        for (int k = 0; k < PATCH; k++)
            sums[k][i] = 0;
    }
    for (int left = 0; left < span; left += TILE) {
        transformed(values, columns, row_map, column_map, patch_row, left, span, matrix, coefficients);
#if WIENER
        transformed(guide, columns, row_map, column_map, patch_row, left, span, matrix, pilot);
        const long variance = (long)sigma * sigma;
        for (int i = 0; i < TILE; i++)
            weight[i] = 0;
        for (int k = 0; k < PATCH; k++)
            for (int f = 0; f < PATCH; f++)
                for (int i = 0; i < TILE; i++) {
                    const long power = (long)pilot[k][f][i] * pilot[k][f][i];
                    int gain = (int)((power << 12) / (power + variance));
                    gain = k + f == 0 ? max(gain, 3686) : gain;
                    weight[i] += gain * gain;
                    coefficients[k][f][i] = (gain * coefficients[k][f][i] + 2048) >> 12;
                }
        for (int i = 0; i < TILE; i++)
            weight[i] = left + i < patches ? (unit_weight << 12) / max(weight[i] >> 12, 819) : 0;
#else
        for (int i = 0; i < TILE; i++)
            weight[i] = 1;
        for (int k = 0; k < PATCH; k++)
            for (int f = k == 0 ? 1 : 0; f < PATCH; f++)
                for (int i = 0; i < TILE; i++) {
                    const int keep = abs(coefficients[k][f][i]) > threshold;
                    weight[i] += keep;
                    coefficients[k][f][i] = keep ? coefficients[k][f][i] : 0;
                }
        for (int i = 0; i < TILE; i++)
            weight[i] = left + i < patches ? unit_weight / weight[i] : 0;
#endif
        for (int k = 0; k < PATCH; k++)
            for (int b = 0; b < PATCH; b++)
                for (int i = 0; i < TILE; i++) {
                    int total = HALF;
                    for (int f = 0; f < PATCH; f++)
                        total += matrix[f * PATCH + b] * coefficients[k][f][i];
                    sums[k][i + b] += weight[i] * (total >> 13);
                }
        for (int b = 0; b < PATCH; b++)
            for (int i = 0; i < TILE; i++)
                total_weight[i + b] += weight[i];
        const int whole = min(TILE, span - left);
        for (int i = 0; i < whole; i++)
            weights[(size_t)patch_row * span + left + i] = total_weight[i];
        for (int i = 0; i < MARGIN; i++)
            total_weight[i] = total_weight[TILE + i];
        for (int i = MARGIN; i < TILE + MARGIN; i++)
            total_weight[i] = 0;
        for (int k = 0; k < PATCH; k++) {
            for (int i = 0; i < whole; i++)
                along[((size_t)patch_row * PATCH + k) * span + left + i] = sums[k][i];
            for (int i = 0; i < MARGIN; i++)
                sums[k][i] = sums[k][TILE + i];
            for (int i = MARGIN; i < TILE + MARGIN; i++)
                sums[k][i] = 0;
        }
    }
}

kernel void shrink_cells(global const int *restrict along, global const int *restrict weights, const int rows,
                         const int columns, constant int *restrict matrix, const int shift, const int centre,
                         const int first, global int *restrict out)
{
    const int row = get_global_id(0);
    if (row >= rows)
        return;
    const int span = columns + 2 * MARGIN;
    for (int column = 0; column < columns; column++) {
        const size_t padded = column + MARGIN;
        long numerator = 0, denominator = 0;
        for (int a = 0; a < PATCH; a++) {
            const size_t patch_row = row + MARGIN - a;
            denominator += weights[patch_row * span + padded];
            for (int k = 0; k < PATCH; k++)
                numerator += (long)matrix[k * PATCH + a] * along[(patch_row * PATCH + k) * span + padded];
        }
        denominator <<= 13;
        const long doubled = 2 * numerator + denominator;
        long whole = doubled / (2 * denominator);
        whole -= doubled % (2 * denominator) < 0;
        whole = min(max(whole, -16384l), 16383l);
        out[first + row * columns + column] = ((int)whole << shift) + centre;
    }
}

/* Shades of a plane, centred and shifted to 14 bits. */
kernel void shrink_centred(global const int *restrict shades, const int first, const int count, const int shift,
                           const int centre, global int *restrict values)
{
    const int cell = get_global_id(0);
    if (cell < count)
        values[cell] = (shades[first + cell] - centre + ((1 << shift) >> 1)) >> shift;
}
