#ifndef CFREETYPE_SHIM_H
#define CFREETYPE_SHIM_H

#include <ft2build.h>
#include FT_FREETYPE_H

/* Macros with casts, which Swift does not import. */

/* Render the glyph, hinted along the vertical only: letters stay sharp at 11 pixels and keep their advance widths. */
static const FT_Int32 cfreetype_load_rendered = FT_LOAD_RENDER | FT_LOAD_TARGET_LIGHT;

#endif
