#ifndef CPNG_SHIM_H
#define CPNG_SHIM_H

#include <png.h>

/* Macros of macros, which Swift does not import. The simplified interface reports errors in the struct, without longjmp. */
static const png_uint_32 cpng_rgb = PNG_FORMAT_RGB;
static const png_uint_32 cpng_version = PNG_IMAGE_VERSION;

#endif
