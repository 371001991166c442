#include "CJPEG.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

/* jpeg_mem_dest leaves its caller with a dangling pointer where it fails after having grown; this destination owns its
 * memory until the end. */
struct encoder {
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr errors;
    struct jpeg_destination_mgr destination;
    jmp_buf jump;
    char *message;
    uint8_t *bytes;
    size_t capacity;
};

static void leave(j_common_ptr info) {
    struct encoder *encoder = info->client_data;
    (*info->err->format_message)(info, encoder->message);
    longjmp(encoder->jump, 1);
}

static void discard_message(j_common_ptr info) { (void)info; }

static void discard_warning(j_common_ptr info, int level) {
    (void)info;
    (void)level;
}

static void grow(j_compress_ptr info) {
    struct encoder *encoder = info->client_data;
    size_t capacity = encoder->capacity == 0 ? 1 << 16 : encoder->capacity * 2;
    uint8_t *bytes = realloc(encoder->bytes, capacity);
    if (bytes == NULL) { ERREXIT1(info, JERR_OUT_OF_MEMORY, 0); }
    encoder->destination.next_output_byte = bytes + encoder->capacity;
    encoder->destination.free_in_buffer = capacity - encoder->capacity;
    encoder->bytes = bytes;
    encoder->capacity = capacity;
}

/* libjpeg asks for room only when every byte of the buffer is used. */
static boolean buffer_is_full(j_compress_ptr info) {
    grow(info);
    return TRUE;
}

static void nothing_to_finish(j_compress_ptr info) { (void)info; }

static void write_image(
    struct encoder *encoder, const uint8_t *pixels, uint32_t width, uint32_t height, int32_t components,
    int32_t quality, bool halves_chroma, const char *comment) {
    j_compress_ptr info = &encoder->info;
    jpeg_create_compress(info);
    encoder->destination.init_destination = grow;
    encoder->destination.empty_output_buffer = buffer_is_full;
    encoder->destination.term_destination = nothing_to_finish;
    info->dest = &encoder->destination;
    info->image_width = width;
    info->image_height = height;
    info->input_components = components;
    info->in_color_space = components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(info);
    jpeg_set_quality(info, quality, TRUE);
    if (components == 3 && !halves_chroma) {
        info->comp_info[0].h_samp_factor = 1;
        info->comp_info[0].v_samp_factor = 1;
    }
    jpeg_start_compress(info, TRUE);
    if (comment != NULL) { jpeg_write_marker(info, JPEG_COM, (const JOCTET *)comment, (unsigned int)strlen(comment)); }
    while (info->next_scanline < info->image_height) {
        /* libjpeg's rows are not const, but it only reads them. */
        JSAMPROW row = (JSAMPROW)(pixels + (size_t)info->next_scanline * width * (size_t)components);
        jpeg_write_scanlines(info, &row, 1);
    }
    jpeg_finish_compress(info);
}

cjpeg_status cjpeg_encode(
    const uint8_t *pixels, uint32_t width, uint32_t height, int32_t components, int32_t quality,
    bool halves_chroma, const char *comment, uint8_t **bytes, size_t *length, char message[CJPEG_MESSAGE_LENGTH]) {
    *bytes = NULL;
    *length = 0;
    message[0] = 0;
    struct encoder *encoder = calloc(1, sizeof *encoder);
    if (encoder == NULL) {
        snprintf(message, CJPEG_MESSAGE_LENGTH, "out of memory");
        return CJPEG_OUT_OF_MEMORY;
    }
    encoder->message = message;
    encoder->info.err = jpeg_std_error(&encoder->errors);
    encoder->errors.error_exit = leave;
    encoder->errors.output_message = discard_message;
    encoder->errors.emit_message = discard_warning;
    encoder->info.client_data = encoder;

    cjpeg_status status = CJPEG_OK;
    if (setjmp(encoder->jump) == 0) {
        write_image(encoder, pixels, width, height, components, quality, halves_chroma, comment);
        *bytes = encoder->bytes;
        *length = encoder->capacity - encoder->destination.free_in_buffer;
    } else {
        status = encoder->errors.msg_code == JERR_OUT_OF_MEMORY ? CJPEG_OUT_OF_MEMORY : CJPEG_CORRUPT;
        free(encoder->bytes);
    }
    jpeg_destroy_compress(&encoder->info);
    free(encoder);
    return status;
}
