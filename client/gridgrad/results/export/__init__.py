"""Results for other programs: numpy archives, xarray and with it NetCDF and Zarr, columns of a table."""
