/* A small, stable face of libjpeg for Swift.
 *
 * libjpeg reports errors with longjmp, and a longjmp must not cross a Swift frame: every function here sets its own
 * jump target, returns a status, and calls back into nothing. */

#ifndef CJPEG_H
#define CJPEG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a message, its terminating zero included. */
#define CJPEG_MESSAGE_LENGTH 200

typedef enum cjpeg_status {
    CJPEG_OK = 0,
    CJPEG_OUT_OF_MEMORY = 1,
    /* More scans than the caller allows. */
    CJPEG_TOO_MANY_SCANS = 2,
    /* A sound JPEG of a kind that libjpeg or this shim does not decode: 12 bits, lossless, 2 components. */
    CJPEG_UNSUPPORTED = 3,
    /* The file ends before anything of the picture can be decoded. */
    CJPEG_TRUNCATED = 4,
    CJPEG_CORRUPT = 5,
    /* The header declares a width or height of 0. */
    CJPEG_NO_SIZE = 6,
    /* A side is longer than libjpeg reads. */
    CJPEG_TOO_LARGE = 7
} cjpeg_status;

/* What the file says of itself, before any of the picture is decoded. */
typedef struct cjpeg_header {
    uint32_t width;
    uint32_t height;
    int32_t components;
    /* Progressive or several scans: libjpeg must keep the coefficients of the whole picture... */
    bool keeps_coefficients;
    /* ...which takes so many bytes, whatever the scale; 0 where it does not. */
    uint64_t coefficient_bytes;
} cjpeg_header;

/* What went wrong without stopping the decoder. */
typedef struct cjpeg_report {
    /* The data ended before the picture did; what is missing is grey or coarse. False where nothing but the end marker
     * is missing. */
    bool ends_early;
    /* Rows at full scale of which something was decoded, in whole rows of blocks; the height where nothing is
     * missing. */
    uint32_t readable_rows;
    /* How often libjpeg complained about the picture's data, and what it said first. */
    int64_t warnings;
    char first_warning[CJPEG_MESSAGE_LENGTH];
} cjpeg_report;

typedef struct cjpeg_decoder cjpeg_decoder;

/* NULL where memory is short. */
cjpeg_decoder *cjpeg_decoder_create(void);
void cjpeg_decoder_destroy(cjpeg_decoder *decoder);

/* The message of the last status that was not CJPEG_OK. */
const char *cjpeg_decoder_message(const cjpeg_decoder *decoder);

/* Reads up to the first scan; allocates nothing in proportion to the picture. `bytes` must outlive the decoding. */
cjpeg_status cjpeg_decoder_read_header(
    cjpeg_decoder *decoder, const uint8_t *bytes, size_t length, cjpeg_header *header);

/* The application segments of numbers 1 and 2 before the first scan, in their order, by libjpeg's own search for
 * markers: past stray bytes. `*number` is 1 for APP1. The bytes are the decoder's and live as long as it. False where
 * there is no segment of that index. */
bool cjpeg_decoder_segment(
    const cjpeg_decoder *decoder, size_t index, int32_t *number, const uint8_t **bytes, size_t *length);

/* Announces the size that decoding at `eighths`/8 (1...8) gives. Allocates nothing in proportion to the picture. */
cjpeg_status cjpeg_decoder_set_scale(cjpeg_decoder *decoder, int32_t eighths, uint32_t *width, uint32_t *height);

/* Decodes to interleaved 8-bit RGB, `width` * `height` * 3 bytes as announced; `capacity` is checked. A file of
 * more than `maximum_scans` scans is refused. */
cjpeg_status cjpeg_decoder_read_rgb(
    cjpeg_decoder *decoder, int32_t maximum_scans, uint8_t *pixels, size_t capacity, cjpeg_report *report);

/* Writes a baseline JPEG of `components` (1 grey, 3 RGB) interleaved 8-bit samples, with a comment unless that is NULL. `*bytes` is from malloc and
 * belongs to the caller; it is NULL where the status is not CJPEG_OK, and `message` then says why. */
cjpeg_status cjpeg_encode(
    const uint8_t *pixels, uint32_t width, uint32_t height, int32_t components, int32_t quality,
    bool halves_chroma, const char *comment, uint8_t **bytes, size_t *length, char message[CJPEG_MESSAGE_LENGTH]);

#endif
