"""OpenCL kernels, one a file."""
