#ifndef CPNG_SHIM_H
#define CPNG_SHIM_H

#include <png.h>

/* Macros with casts or arguments, which Swift does not import. */

static const png_uint_32 cpng_image_version = PNG_IMAGE_VERSION;
static const png_uint_32 cpng_rgb = PNG_FORMAT_RGB;
static const png_uint_32 cpng_grey = PNG_FORMAT_GRAY;
static const png_uint_32 cpng_rgb_palette = PNG_FORMAT_RGB_COLORMAP;
static const png_uint_32 cpng_palette = PNG_FORMAT_FLAG_COLORMAP;
static const png_uint_32 cpng_colour = PNG_FORMAT_FLAG_COLOR;
static const png_uint_32 cpng_linear = PNG_FORMAT_FLAG_LINEAR;

/* What the file of the picture can take at most, in bytes. */
static inline size_t cpng_largest_file(const png_image *image) { return PNG_IMAGE_PNG_SIZE_MAX(*image); }

#endif
