#include "CJPEG.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#define MARKER_EOI 0xD9
/* Exif and XMP; ICC profiles. */
#define MARKER_APP1 (JPEG_APP0 + 1)
#define MARKER_APP2 (JPEG_APP0 + 2)
#define WHOLE_SEGMENT 0xFFFF

struct cjpeg_decoder {
    struct jpeg_decompress_struct info;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf jump;
    cjpeg_report report;
    int32_t maximum_scans;
    bool too_many_scans;
    /* The memory source ran dry and made up an end-of-image marker. */
    bool source_ran_dry;
    /* Data of the picture was missing where the file ended. */
    bool data_missing;
    /* Bit i: a scan of component i has begun. */
    uint32_t components_seen;
    char message[CJPEG_MESSAGE_LENGTH];
};

_Static_assert(CJPEG_MESSAGE_LENGTH >= JMSG_LENGTH_MAX, "libjpeg's messages would not fit");

static cjpeg_decoder *owner(j_common_ptr info) { return (cjpeg_decoder *)info->client_data; }

static void leave(j_common_ptr info) {
    cjpeg_decoder *decoder = owner(info);
    (*info->err->format_message)(info, decoder->message);
    longjmp(decoder->jump, 1);
}

/* libjpeg warns where it can go on. The first entropy-coded data that is missing because the file ended tells how
 * much of the picture is there. That the end marker is missing is no harm where no data is. */
static void note(j_common_ptr info, int level) {
    if (level >= 0) { return; }
    cjpeg_decoder *decoder = owner(info);
    cjpeg_report *report = &decoder->report;
    info->err->num_warnings++;
    int code = info->err->msg_code;
    if (code == JWRN_JPEG_EOF) {
        decoder->source_ran_dry = true;
        return;
    }
    report->warnings++;
    if (report->warnings == 1) { (*info->err->format_message)(info, report->first_warning); }

    if (code != JWRN_HIT_MARKER || decoder->info.unread_marker != MARKER_EOI) { return; }
    decoder->data_missing = true;
    if (report->readable_rows == decoder->info.image_height && decoder->info.input_scan_number <= 1) {
        uint64_t rows = (uint64_t)decoder->info.input_iMCU_row * (uint64_t)decoder->info.max_v_samp_factor * DCTSIZE;
        if (rows < report->readable_rows) { report->readable_rows = (uint32_t)rows; }
    }
}

static void discard_message(j_common_ptr info) { (void)info; }

/* libjpeg calls this between the scans of a progressive file, too: a few bytes can declare thousands of scans, each
 * of which walks over the whole picture. */
static void count_scans(j_common_ptr info) {
    cjpeg_decoder *decoder = owner(info);
    for (int index = 0; index < decoder->info.comps_in_scan; index++) {
        decoder->components_seen |= 1u << decoder->info.cur_comp_info[index]->component_index;
    }
    if (decoder->info.input_scan_number > decoder->maximum_scans) {
        decoder->too_many_scans = true;
        longjmp(decoder->jump, 1);
    }
}

/* Whether all scans that the picture needs were there: each component's in a sequential file, each coefficient's last
 * bit in a progressive one. Only of a file of several scans whose data has been read to its end. */
static bool has_all_scans(const cjpeg_decoder *decoder) {
    const struct jpeg_decompress_struct *info = &decoder->info;
    if (decoder->components_seen != (1u << info->num_components) - 1) { return false; }
    if (info->coef_bits == NULL) { return true; }
    for (int component = 0; component < info->num_components; component++) {
        for (int index = 0; index < DCTSIZE2; index++) {
            if (info->coef_bits[component][index] != 0) { return false; }
        }
    }
    return true;
}

/* libjpeg's messages about kinds of files speak of codes; people know the kinds by name. */
static void name_unsupported_kind(cjpeg_decoder *decoder) {
    const char *words = NULL;
    int number = decoder->errors.msg_parm.i[0];
    switch (decoder->errors.msg_code) {
    case JERR_BAD_PRECISION:
        snprintf(decoder->message, sizeof decoder->message, "%d bits a sample", number);
        return;
    case JERR_COMPONENT_COUNT:
        snprintf(decoder->message, sizeof decoder->message, "%d colour components", number);
        return;
    case JERR_ARITH_NOTIMPL:
        words = "arithmetic coding";
        break;
    case JERR_CONVERSION_NOTIMPL:
        words = "colours that are neither grey, RGB nor CMYK";
        break;
    case JERR_SOF_UNSUPPORTED:
        words = number == 0xC3 || number == 0xC7 || number == 0xCB || number == 0xCF ? "lossless"
            : number == 0xC8 ? "an extension of the format"
                             : "hierarchical";
        break;
    default:
        return;
    }
    snprintf(decoder->message, sizeof decoder->message, "%s", words);
}

static cjpeg_status failure(cjpeg_decoder *decoder) {
    if (decoder->too_many_scans) { return CJPEG_TOO_MANY_SCANS; }
    switch (decoder->errors.msg_code) {
    case JERR_EMPTY_IMAGE:
        return CJPEG_NO_SIZE;
    case JERR_IMAGE_TOO_BIG:
        return CJPEG_TOO_LARGE;
    case JERR_OUT_OF_MEMORY:
        return CJPEG_OUT_OF_MEMORY;
    case JERR_BAD_PRECISION:
    case JERR_SOF_UNSUPPORTED:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_ARITH_NOTIMPL:
    case JERR_COMPONENT_COUNT:
        name_unsupported_kind(decoder);
        return CJPEG_UNSUPPORTED;
    default:
        return decoder->source_ran_dry ? CJPEG_TRUNCATED : CJPEG_CORRUPT;
    }
}

cjpeg_decoder *cjpeg_decoder_create(void) {
    cjpeg_decoder *decoder = calloc(1, sizeof *decoder);
    if (decoder == NULL) { return NULL; }
    decoder->info.err = jpeg_std_error(&decoder->errors);
    decoder->errors.error_exit = leave;
    decoder->errors.emit_message = note;
    decoder->errors.output_message = discard_message;
    decoder->progress.progress_monitor = count_scans;
    decoder->info.client_data = decoder;
    if (setjmp(decoder->jump)) {
        jpeg_destroy_decompress(&decoder->info);
        free(decoder);
        return NULL;
    }
    jpeg_create_decompress(&decoder->info);
    return decoder;
}

void cjpeg_decoder_destroy(cjpeg_decoder *decoder) {
    if (decoder == NULL) { return; }
    jpeg_destroy_decompress(&decoder->info);
    free(decoder);
}

const char *cjpeg_decoder_message(const cjpeg_decoder *decoder) { return decoder->message; }

static uint64_t round_up(uint64_t value, uint64_t step) { return (value + step - 1) / step * step; }

/* As jdcoefct.c allocates them: whole sampling blocks, 64 coefficients of 2 bytes each. */
static uint64_t coefficient_bytes(const struct jpeg_decompress_struct *info) {
    uint64_t blocks = 0;
    for (int index = 0; index < info->num_components; index++) {
        const jpeg_component_info *component = &info->comp_info[index];
        blocks += round_up(component->width_in_blocks, (uint64_t)component->h_samp_factor)
            * round_up(component->height_in_blocks, (uint64_t)component->v_samp_factor);
    }
    return blocks * sizeof(JBLOCK);
}

cjpeg_status cjpeg_decoder_read_header(
    cjpeg_decoder *decoder, const uint8_t *bytes, size_t length, cjpeg_header *header) {
    memset(header, 0, sizeof *header);
    struct jpeg_decompress_struct *info = &decoder->info;
    if (setjmp(decoder->jump)) { return failure(decoder); }
    jpeg_mem_src(info, bytes, length);
    /* libjpeg finds segments as it decodes: past stray bytes, to the next marker. What it saves is thus what belongs
     * to the picture that it shows. */
    jpeg_save_markers(info, MARKER_APP1, WHOLE_SEGMENT);
    jpeg_save_markers(info, MARKER_APP2, WHOLE_SEGMENT);
    jpeg_read_header(info, TRUE);
    /* Stray bytes before the picture do not harm it. */
    memset(&decoder->report, 0, sizeof decoder->report);

    switch (info->num_components) {
    case 1:
    case 3:
        info->out_color_space = JCS_RGB;
        break;
    case 4:
        info->out_color_space = JCS_CMYK;
        break;
    default:
        snprintf(decoder->message, sizeof decoder->message, "%d colour components", info->num_components);
        return CJPEG_UNSUPPORTED;
    }
    header->width = info->image_width;
    header->height = info->image_height;
    header->components = info->num_components;
    header->keeps_coefficients = jpeg_has_multiple_scans(info);
    header->coefficient_bytes = header->keeps_coefficients ? coefficient_bytes(info) : 0;
    return CJPEG_OK;
}

cjpeg_status cjpeg_decoder_set_scale(cjpeg_decoder *decoder, int32_t eighths, uint32_t *width, uint32_t *height) {
    if (setjmp(decoder->jump)) { return failure(decoder); }
    decoder->info.scale_num = (unsigned int)eighths;
    decoder->info.scale_denom = 8;
    jpeg_calc_output_dimensions(&decoder->info);
    *width = decoder->info.output_width;
    *height = decoder->info.output_height;
    return CJPEG_OK;
}

bool cjpeg_decoder_segment(
    const cjpeg_decoder *decoder, size_t index, int32_t *number, const uint8_t **bytes, size_t *length) {
    const struct jpeg_marker_struct *segment = decoder->info.marker_list;
    while (segment != NULL && index > 0) {
        segment = segment->next;
        index--;
    }
    if (segment == NULL) { return false; }
    *number = segment->marker - JPEG_APP0;
    *bytes = segment->data;
    *length = segment->data_length;
    return true;
}

static uint8_t times(unsigned int a, unsigned int b) {
    unsigned int product = a * b + 128;
    return (uint8_t)(((product >> 8) + product) >> 8);
}

/* Four-component files carry Adobe's inverted ink: 255 is no ink. As Pillow does, this is taken for granted, whether
 * or not there is an Adobe marker. */
static void rgb_from_inverted_cmyk(const uint8_t *cmyk, uint8_t *rgb, uint32_t width) {
    for (uint32_t x = 0; x < width; x++, cmyk += 4, rgb += 3) {
        unsigned int light = cmyk[3];
        for (int channel = 0; channel < 3; channel++) {
            rgb[channel] = (uint8_t)(light - times(255u - cmyk[channel], light));
        }
    }
}

/* The output rows that are worth reading: of a file that has ended nothing more is to be expected, however many rows it
 * declares. One row of blocks more than is readable, since libjpeg gives rows out later than it decodes them. */
static uint32_t last_row(cjpeg_decoder *decoder) {
    struct jpeg_decompress_struct *info = &decoder->info;
    if (!decoder->data_missing || jpeg_has_multiple_scans(info)) { return info->output_height; }
    uint64_t rows = decoder->report.readable_rows + (uint64_t)info->max_v_samp_factor * DCTSIZE;
    if (rows >= info->image_height) { return info->output_height; }
    return (uint32_t)(rows * info->output_height / info->image_height);
}

cjpeg_status cjpeg_decoder_read_rgb(
    cjpeg_decoder *decoder, int32_t maximum_scans, uint8_t *pixels, size_t capacity, cjpeg_report *report) {
    struct jpeg_decompress_struct *info = &decoder->info;
    size_t row_bytes = (size_t)info->output_width * 3;
    if (info->output_height == 0 || row_bytes == 0 || capacity / info->output_height < row_bytes) {
        snprintf(decoder->message, sizeof decoder->message, "the pixel buffer is too small");
        return CJPEG_OUT_OF_MEMORY;
    }
    decoder->maximum_scans = maximum_scans;
    decoder->report.readable_rows = info->image_height;
    if (setjmp(decoder->jump)) { return failure(decoder); }
    info->progress = &decoder->progress;
    jpeg_start_decompress(info);

    JSAMPARRAY cmyk = NULL;
    if (info->out_color_space == JCS_CMYK) {
        cmyk = (*info->mem->alloc_sarray)((j_common_ptr)info, JPOOL_IMAGE, info->output_width * 4, 1);
    }
    while (info->output_scanline < info->output_height) {
        if (info->output_scanline >= last_row(decoder)) { break; }
        uint8_t *row = pixels + row_bytes * info->output_scanline;
        if (cmyk == NULL) {
            jpeg_read_scanlines(info, &row, 1);
        } else {
            jpeg_read_scanlines(info, cmyk, 1);
            rgb_from_inverted_cmyk(cmyk[0], row, info->output_width);
        }
    }
    /* No jpeg_finish_decompress: every row is here, and what follows the picture cannot spoil it. */
    size_t read = info->output_scanline;
    memset(pixels + row_bytes * read, 128, row_bytes * (info->output_height - read));

    *report = decoder->report;
    report->ends_early =
        decoder->data_missing
        || (decoder->source_ran_dry && jpeg_has_multiple_scans(info) && !has_all_scans(decoder));
    if (report->ends_early && report->readable_rows == 0) {
        snprintf(decoder->message, sizeof decoder->message, "no row of the picture is complete");
        return CJPEG_TRUNCATED;
    }
    return CJPEG_OK;
}
