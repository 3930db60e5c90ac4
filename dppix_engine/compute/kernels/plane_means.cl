/* Means of every plane's cells in 1/128 level, rounded half up and clamped.  Public.

   The oracle: compute/numpy_render.py, plane_means.
   global size: at least the number of values of all planes.
   stored: one long a value, plane after plane.
   planes: 10 longs a plane: first value, values, columns, step, limit of a stored value, level, low, high, offset of its
           row heights, offset of its column widths in `sides`.
   sides: heights and widths of cells in pixels.
*/
kernel void plane_means(global const long *stored, global const long *planes, const int plane_count,
                        global const int *sides, global int *shades)
{
    const long item = get_global_id(0);
    int plane = 0;
    while (plane < plane_count && item >= planes[10 * plane] + planes[10 * plane + 1])
        plane++;
    if (plane == plane_count)
        return;
    planes += 10 * plane;
    const int index = (int)(item - planes[0]);
    const int columns = (int)planes[2];
    const long height = sides[planes[8] + index / columns];
    const long width = sides[planes[9] + index % columns];
    shades[item] = cell_mean(stored[item], planes[4], planes[3], height * width * planes[5], planes[6], planes[7]);
}
