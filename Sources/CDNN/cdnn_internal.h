// What the two bodies share.
#ifndef CDNN_INTERNAL_H
#define CDNN_INTERNAL_H

#include <dnnl.h>

#include "cdnn.h"

// The layouts a primitive is asked for, by cdnn_argument.
#define CDNN_LAYOUT_ARGUMENTS (CDNN_ARG_SCRATCHPAD + 1)

struct cdnn_engine {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
};

struct cdnn_layout {
    dnnl_memory_desc_t descriptor;
};

struct cdnn_memory {
    dnnl_memory_t memory;
};

struct cdnn_primitive {
    dnnl_primitive_desc_t description;
    dnnl_primitive_t primitive;
    cdnn_layout layout[CDNN_LAYOUT_ARGUMENTS];
    int has_layout[CDNN_LAYOUT_ARGUMENTS];
};

/// Hands out `made`, or frees it where making its descriptor failed.
int cdnn_internal_finish_layout(cdnn_layout **layout, cdnn_layout *made, int status);
dnnl_data_type_t cdnn_internal_type(cdnn_type type);
/// oneDNN's number for an argument of ours.
int cdnn_internal_argument(int argument);
dnnl_alg_kind_t cdnn_internal_eltwise(cdnn_eltwise kind);
dnnl_alg_kind_t cdnn_internal_binary(cdnn_binary_kind kind);
dnnl_alg_kind_t cdnn_internal_pooling(cdnn_pooling_kind kind);
dnnl_alg_kind_t cdnn_internal_convolution(cdnn_convolution_kind kind);
/// The tag of channels in blocks of 16, or of 8 where vectors are narrower; undefined for other ranks than 3 to 5.
dnnl_format_tag_t cdnn_internal_blocked(int rank);
/// Attributes with caller-owned scratch memory and the post-ops.
int cdnn_internal_attributes(dnnl_primitive_attr_t *attributes, int post_ops, const cdnn_post_op *post_op);
/// Compiles `description` (owned from here on, also on failure) into `primitive`.
int cdnn_internal_compile(cdnn_primitive **primitive, dnnl_primitive_desc_t description);
/// The bodies of the functions that make convolutions. Implemented per version.
int cdnn_internal_convolution_forward(cdnn_primitive **primitive, const cdnn_engine *engine, int implementation,
                                      cdnn_convolution_kind kind, const cdnn_window *window,
                                      const cdnn_layout *source, const cdnn_layout *weights, const cdnn_layout *bias,
                                      const cdnn_layout *destination, int post_ops, const cdnn_post_op *post_op);
int cdnn_internal_convolution_backward(cdnn_primitive **primitive, const cdnn_engine *engine, int implementation,
                                       cdnn_convolution_kind kind, const cdnn_window *window,
                                       const cdnn_layout *source_gradient, const cdnn_layout *weights,
                                       const cdnn_layout *destination_gradient);
/// Copies what a primitive descriptor says of an argument; 0 where it says nothing. Implemented per version.
int cdnn_internal_query(cdnn_layout *layout, dnnl_primitive_desc_t description, int argument);
void cdnn_internal_release(cdnn_layout *layout);

/// oneDNN counts a dense window as dilation 0.
static inline void cdnn_internal_dilation(dnnl_dims_t dilation, const cdnn_window *window) {
    for (int axis = 0; axis < window->spatial; axis++) dilation[axis] = window->dilation[axis] - 1;
}

#endif
