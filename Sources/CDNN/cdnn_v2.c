// The body for oneDNN 2: descriptors are values, and a primitive is described in two steps.
#include <dnnl_version.h>
#if DNNL_VERSION_MAJOR == 2

#include <stdlib.h>
#include <string.h>

#include "cdnn_internal.h"

// Layouts

int cdnn_layout_create_strided(cdnn_layout **layout, cdnn_type type, int rank, const int64_t *extents,
                               const int64_t *strides) {
    cdnn_layout *made = calloc(1, sizeof *made);
    if (!made) return CDNN_OUT_OF_MEMORY;
    return cdnn_internal_finish_layout(
        layout, made,
        dnnl_memory_desc_init_by_strides(&made->descriptor, rank, extents, cdnn_internal_type(type), strides));
}

int cdnn_layout_create_any(cdnn_layout **layout, cdnn_type type, int rank, const int64_t *extents) {
    cdnn_layout *made = calloc(1, sizeof *made);
    if (!made) return CDNN_OUT_OF_MEMORY;
    return cdnn_internal_finish_layout(
        layout, made,
        dnnl_memory_desc_init_by_tag(&made->descriptor, rank, extents, cdnn_internal_type(type),
                                     dnnl_format_tag_any));
}

int cdnn_layout_create_blocked(cdnn_layout **layout, int rank, const int64_t *extents) {
    if (cdnn_internal_blocked(rank) == dnnl_format_tag_undef) return CDNN_UNIMPLEMENTED;
    cdnn_layout *made = calloc(1, sizeof *made);
    if (!made) return CDNN_OUT_OF_MEMORY;
    return cdnn_internal_finish_layout(
        layout, made,
        dnnl_memory_desc_init_by_tag(&made->descriptor, rank, extents, dnnl_f32, cdnn_internal_blocked(rank)));
}

int cdnn_layout_create_channel_blocks(cdnn_layout **layout, const int64_t *extents, int block) {
    dnnl_format_tag_t tag = block == 16 ? dnnl_nChw16c : block == 8 ? dnnl_nChw8c : block == 4 ? dnnl_nChw4c
                                                                                           : dnnl_format_tag_undef;
    if (tag == dnnl_format_tag_undef) return CDNN_INVALID_ARGUMENTS;
    cdnn_layout *made = calloc(1, sizeof *made);
    if (!made) return CDNN_OUT_OF_MEMORY;
    return cdnn_internal_finish_layout(layout, made, dnnl_memory_desc_init_by_tag(&made->descriptor, 4, extents, dnnl_f32, tag));
}

int cdnn_layout_clone(cdnn_layout **layout, const cdnn_layout *source) {
    cdnn_layout *made = calloc(1, sizeof *made);
    if (!made) return CDNN_OUT_OF_MEMORY;
    made->descriptor = source->descriptor;
    *layout = made;
    return 0;
}

void cdnn_layout_destroy(cdnn_layout *layout) { free(layout); }
void cdnn_internal_release(cdnn_layout *layout) { (void)layout; }

int cdnn_layout_equal(const cdnn_layout *a, const cdnn_layout *b) {
    return dnnl_memory_desc_equal(&a->descriptor, &b->descriptor);
}

size_t cdnn_layout_size(const cdnn_layout *layout) { return dnnl_memory_desc_get_size(&layout->descriptor); }

int cdnn_memory_create(cdnn_memory **memory, const cdnn_engine *engine, const cdnn_layout *layout, void *address) {
    cdnn_memory *made = calloc(1, sizeof *made);
    if (!made) return CDNN_OUT_OF_MEMORY;
    int status = dnnl_memory_create(&made->memory, &layout->descriptor, engine->engine, address);
    if (status) {
        free(made);
        return status;
    }
    *memory = made;
    return 0;
}

// Primitives

int cdnn_internal_query(cdnn_layout *layout, dnnl_primitive_desc_t description, int argument) {
    const dnnl_memory_desc_t *found =
        dnnl_primitive_desc_query_md(description, dnnl_query_exec_arg_md, cdnn_internal_argument(argument));
    if (!found || found->ndims == 0) return 0;
    layout->descriptor = *found;
    return 1;
}

int cdnn_internal_attributes(dnnl_primitive_attr_t *attributes, int post_ops, const cdnn_post_op *post_op) {
    int status = dnnl_primitive_attr_create(attributes);
    if (status) return status;
    status = dnnl_primitive_attr_set_scratchpad_mode(*attributes, dnnl_scratchpad_mode_user);
    if (status || post_ops == 0) return status;
    dnnl_post_ops_t list;
    status = dnnl_post_ops_create(&list);
    if (status) return status;
    for (int index = 0; index < post_ops && !status; index++) {
        const cdnn_post_op *op = &post_op[index];
        switch (op->kind) {
        case CDNN_POST_SUM: status = dnnl_post_ops_append_sum(list, 1.0f); break;
        case CDNN_POST_ELTWISE:
            status =
                dnnl_post_ops_append_eltwise(list, 1.0f, cdnn_internal_eltwise(op->eltwise), op->alpha, op->beta);
            break;
        case CDNN_POST_BINARY:
            status = dnnl_post_ops_append_binary(list, cdnn_internal_binary(op->binary), &op->source->descriptor);
            break;
        }
    }
    if (!status) status = dnnl_primitive_attr_set_post_ops(*attributes, list);
    dnnl_post_ops_destroy(list);
    return status;
}

static int describe(dnnl_primitive_desc_t *description, const cdnn_engine *engine, const void *operation,
                    dnnl_primitive_desc_t hint, int post_ops, const cdnn_post_op *post_op) {
    dnnl_primitive_attr_t attributes = NULL;
    int status = cdnn_internal_attributes(&attributes, post_ops, post_op);
    if (!status) status = dnnl_primitive_desc_create(description, operation, attributes, engine->engine, hint);
    if (attributes) dnnl_primitive_attr_destroy(attributes);
    return status;
}

/// Describes `operation` by the library's implementation number `implementation`.
static int describe_by(dnnl_primitive_desc_t *description, const cdnn_engine *engine, int implementation,
                       const void *operation, dnnl_primitive_desc_t hint, int post_ops, const cdnn_post_op *post_op) {
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_iterator_t iterator = NULL;
    int status = cdnn_internal_attributes(&attributes, post_ops, post_op);
    if (!status) status = dnnl_primitive_desc_iterator_create(&iterator, operation, attributes, engine->engine, hint);
    for (int index = 0; index < implementation && !status; index++) status = dnnl_primitive_desc_iterator_next(iterator);
    if (!status) {
        *description = dnnl_primitive_desc_iterator_fetch(iterator);
        if (!*description) status = CDNN_OUT_OF_MEMORY;
    }
    if (iterator) dnnl_primitive_desc_iterator_destroy(iterator);
    if (attributes) dnnl_primitive_attr_destroy(attributes);
    // The end of the list is told as "iterator ends".
    return status == dnnl_iterator_ends ? CDNN_UNIMPLEMENTED : status;
}

/// Compiles `operation`; the hint, a forward description, is released.
static int compile(cdnn_primitive **primitive, const cdnn_engine *engine, const void *operation,
                   dnnl_primitive_desc_t hint, int post_ops, const cdnn_post_op *post_op) {
    dnnl_primitive_desc_t description;
    int status = describe(&description, engine, operation, hint, post_ops, post_op);
    if (hint) dnnl_primitive_desc_destroy(hint);
    return status ? status : cdnn_internal_compile(primitive, description);
}

static int describe_convolution(dnnl_convolution_desc_t *operation, dnnl_prop_kind_t propagation,
                                cdnn_convolution_kind kind, const cdnn_window *window, const cdnn_layout *source,
                                const cdnn_layout *weights, const cdnn_layout *bias,
                                const cdnn_layout *destination) {
    dnnl_dims_t dilation;
    cdnn_internal_dilation(dilation, window);
    return dnnl_dilated_convolution_forward_desc_init(
        operation, propagation, cdnn_internal_convolution(kind), &source->descriptor, &weights->descriptor,
        bias ? &bias->descriptor : NULL, &destination->descriptor, window->stride, dilation, window->pad_begin,
        window->pad_end);
}

int cdnn_internal_convolution_forward(cdnn_primitive **primitive, const cdnn_engine *engine, int implementation,
                                      cdnn_convolution_kind kind, const cdnn_window *window,
                                      const cdnn_layout *source, const cdnn_layout *weights, const cdnn_layout *bias,
                                      const cdnn_layout *destination, int post_ops, const cdnn_post_op *post_op) {
    dnnl_convolution_desc_t operation;
    dnnl_primitive_desc_t description;
    int status = describe_convolution(&operation, dnnl_forward_inference, kind, window, source, weights, bias,
                                      destination);
    if (!status) status = describe_by(&description, engine, implementation, &operation, NULL, post_ops, post_op);
    return status ? status : cdnn_internal_compile(primitive, description);
}

int cdnn_internal_convolution_backward(cdnn_primitive **primitive, const cdnn_engine *engine, int implementation,
                                       cdnn_convolution_kind kind, const cdnn_window *window,
                                       const cdnn_layout *source_gradient, const cdnn_layout *weights,
                                       const cdnn_layout *destination_gradient) {
    dnnl_convolution_desc_t forward, backward;
    dnnl_primitive_desc_t hint, description;
    dnnl_dims_t dilation;
    cdnn_internal_dilation(dilation, window);
    int status = describe_convolution(&forward, dnnl_forward_training, CDNN_CONVOLUTION_AUTO, window,
                                      source_gradient, weights, NULL, destination_gradient);
    if (!status) status = describe(&hint, engine, &forward, NULL, 0, NULL);
    if (status) return status;
    status = dnnl_dilated_convolution_backward_data_desc_init(
        &backward, cdnn_internal_convolution(kind), &source_gradient->descriptor, &weights->descriptor,
        &destination_gradient->descriptor, window->stride, dilation, window->pad_begin, window->pad_end);
    if (status) {
        dnnl_primitive_desc_destroy(hint);
        return status;
    }
    status = describe_by(&description, engine, implementation, &backward, hint, 0, NULL);
    dnnl_primitive_desc_destroy(hint);
    return status ? status : cdnn_internal_compile(primitive, description);
}

static int describe_pooling(dnnl_pooling_v2_desc_t *operation, int keeps_workspace, cdnn_pooling_kind kind,
                            const cdnn_window *window, const cdnn_layout *source, const cdnn_layout *destination) {
    dnnl_dims_t dilation;
    cdnn_internal_dilation(dilation, window);
    return dnnl_pooling_v2_forward_desc_init(
        operation, keeps_workspace ? dnnl_forward_training : dnnl_forward_inference, cdnn_internal_pooling(kind),
        &source->descriptor, &destination->descriptor, window->stride, window->kernel, dilation, window->pad_begin,
        window->pad_end);
}

int cdnn_pooling_forward(cdnn_primitive **primitive, const cdnn_engine *engine, cdnn_pooling_kind kind,
                         int keeps_workspace, const cdnn_window *window, const cdnn_layout *source,
                         const cdnn_layout *destination) {
    dnnl_pooling_v2_desc_t operation;
    int status = describe_pooling(&operation, keeps_workspace, kind, window, source, destination);
    return status ? status : compile(primitive, engine, &operation, NULL, 0, NULL);
}

int cdnn_pooling_backward(cdnn_primitive **primitive, const cdnn_engine *engine, cdnn_pooling_kind kind,
                          const cdnn_window *window, const cdnn_layout *source, const cdnn_layout *source_gradient,
                          const cdnn_layout *destination, const cdnn_layout *destination_gradient) {
    dnnl_pooling_v2_desc_t forward, backward;
    dnnl_primitive_desc_t hint;
    dnnl_dims_t dilation;
    cdnn_internal_dilation(dilation, window);
    int status = describe_pooling(&forward, 1, kind, window, source, destination);
    if (!status) status = describe(&hint, engine, &forward, NULL, 0, NULL);
    if (status) return status;
    status = dnnl_pooling_v2_backward_desc_init(&backward, cdnn_internal_pooling(kind),
                                                &source_gradient->descriptor, &destination_gradient->descriptor,
                                                window->stride, window->kernel, dilation, window->pad_begin,
                                                window->pad_end);
    if (status) {
        dnnl_primitive_desc_destroy(hint);
        return status;
    }
    return compile(primitive, engine, &backward, hint, 0, NULL);
}

int cdnn_inner_product_forward(cdnn_primitive **primitive, const cdnn_engine *engine, const cdnn_layout *source,
                               const cdnn_layout *weights, const cdnn_layout *bias, const cdnn_layout *destination,
                               int post_ops, const cdnn_post_op *post_op) {
    dnnl_inner_product_desc_t operation;
    int status = dnnl_inner_product_forward_desc_init(&operation, dnnl_forward_inference, &source->descriptor,
                                                      &weights->descriptor, bias ? &bias->descriptor : NULL,
                                                      &destination->descriptor);
    return status ? status : compile(primitive, engine, &operation, NULL, post_ops, post_op);
}

int cdnn_inner_product_backward(cdnn_primitive **primitive, const cdnn_engine *engine,
                                const cdnn_layout *source_gradient, const cdnn_layout *weights,
                                const cdnn_layout *destination_gradient) {
    dnnl_inner_product_desc_t forward, backward;
    dnnl_primitive_desc_t hint;
    int status = dnnl_inner_product_forward_desc_init(&forward, dnnl_forward_training, &source_gradient->descriptor,
                                                      &weights->descriptor, NULL, &destination_gradient->descriptor);
    if (!status) status = describe(&hint, engine, &forward, NULL, 0, NULL);
    if (status) return status;
    status = dnnl_inner_product_backward_data_desc_init(&backward, &source_gradient->descriptor,
                                                        &weights->descriptor, &destination_gradient->descriptor);
    if (status) {
        dnnl_primitive_desc_destroy(hint);
        return status;
    }
    return compile(primitive, engine, &backward, hint, 0, NULL);
}

int cdnn_matmul(cdnn_primitive **primitive, const cdnn_engine *engine, const cdnn_layout *source,
                const cdnn_layout *weights, const cdnn_layout *bias, const cdnn_layout *destination) {
    dnnl_matmul_desc_t operation;
    int status = dnnl_matmul_desc_init(&operation, &source->descriptor, &weights->descriptor,
                                       bias ? &bias->descriptor : NULL, &destination->descriptor);
    return status ? status : compile(primitive, engine, &operation, NULL, 0, NULL);
}

int cdnn_eltwise_forward(cdnn_primitive **primitive, const cdnn_engine *engine, cdnn_eltwise kind, float alpha,
                         float beta, const cdnn_layout *layout) {
    dnnl_eltwise_desc_t operation;
    int status = dnnl_eltwise_forward_desc_init(&operation, dnnl_forward_inference, cdnn_internal_eltwise(kind),
                                                &layout->descriptor, alpha, beta);
    return status ? status : compile(primitive, engine, &operation, NULL, 0, NULL);
}

int cdnn_eltwise_backward(cdnn_primitive **primitive, const cdnn_engine *engine, cdnn_eltwise kind, float alpha,
                          float beta, const cdnn_layout *data, const cdnn_layout *gradient) {
    dnnl_eltwise_desc_t forward, backward;
    dnnl_primitive_desc_t hint;
    int status = dnnl_eltwise_forward_desc_init(&forward, dnnl_forward_training, cdnn_internal_eltwise(kind),
                                                &data->descriptor, alpha, beta);
    if (!status) status = describe(&hint, engine, &forward, NULL, 0, NULL);
    if (status) return status;
    status = dnnl_eltwise_backward_desc_init(&backward, cdnn_internal_eltwise(kind), &gradient->descriptor,
                                             &data->descriptor, alpha, beta);
    if (status) {
        dnnl_primitive_desc_destroy(hint);
        return status;
    }
    return compile(primitive, engine, &backward, hint, 0, NULL);
}

int cdnn_binary(cdnn_primitive **primitive, const cdnn_engine *engine, cdnn_binary_kind kind,
                const cdnn_layout *source_0, const cdnn_layout *source_1, const cdnn_layout *destination) {
    dnnl_binary_desc_t operation;
    int status = dnnl_binary_desc_init(&operation, cdnn_internal_binary(kind), &source_0->descriptor,
                                       &source_1->descriptor, &destination->descriptor);
    return status ? status : compile(primitive, engine, &operation, NULL, 0, NULL);
}

static dnnl_alg_kind_t softmax_kind(int logarithmic) {
    return logarithmic ? dnnl_softmax_log : dnnl_softmax_accurate;
}

int cdnn_softmax_forward(cdnn_primitive **primitive, const cdnn_engine *engine, int logarithmic, int axis,
                         const cdnn_layout *layout) {
    dnnl_softmax_v2_desc_t operation;
    int status = dnnl_softmax_v2_forward_desc_init(&operation, dnnl_forward_inference, softmax_kind(logarithmic),
                                                   &layout->descriptor, &layout->descriptor, axis);
    return status ? status : compile(primitive, engine, &operation, NULL, 0, NULL);
}

int cdnn_softmax_backward(cdnn_primitive **primitive, const cdnn_engine *engine, int logarithmic, int axis,
                          const cdnn_layout *layout, const cdnn_layout *gradient) {
    dnnl_softmax_v2_desc_t forward, backward;
    dnnl_primitive_desc_t hint;
    int status = dnnl_softmax_v2_forward_desc_init(&forward, dnnl_forward_training, softmax_kind(logarithmic),
                                                   &layout->descriptor, &layout->descriptor, axis);
    if (!status) status = describe(&hint, engine, &forward, NULL, 0, NULL);
    if (status) return status;
    status = dnnl_softmax_v2_backward_desc_init(&backward, softmax_kind(logarithmic), &gradient->descriptor,
                                                &gradient->descriptor, &layout->descriptor, axis);
    if (status) {
        dnnl_primitive_desc_destroy(hint);
        return status;
    }
    return compile(primitive, engine, &backward, hint, 0, NULL);
}

// concat and sum take an array of descriptors, which here are values.
static int gather(dnnl_memory_desc_t **gathered, int sources, const cdnn_layout *const *source) {
    *gathered = calloc((size_t)sources, sizeof **gathered);
    if (!*gathered) return CDNN_OUT_OF_MEMORY;
    for (int index = 0; index < sources; index++) (*gathered)[index] = source[index]->descriptor;
    return 0;
}

int cdnn_concat(cdnn_primitive **primitive, const cdnn_engine *engine, int axis, int sources,
                const cdnn_layout *const *source, const cdnn_layout *destination) {
    dnnl_memory_desc_t *gathered;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t description;
    int status = gather(&gathered, sources, source);
    if (status) return status;
    status = cdnn_internal_attributes(&attributes, 0, NULL);
    if (!status)
        status = dnnl_concat_primitive_desc_create(&description, &destination->descriptor, sources, axis, gathered,
                                                   attributes, engine->engine);
    if (attributes) dnnl_primitive_attr_destroy(attributes);
    free(gathered);
    return status ? status : cdnn_internal_compile(primitive, description);
}

int cdnn_sum(cdnn_primitive **primitive, const cdnn_engine *engine, int sources, const cdnn_layout *const *source,
             const cdnn_layout *destination) {
    dnnl_memory_desc_t *gathered;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t description;
    float scale[64];
    if (sources < 1 || sources > 64) return CDNN_INVALID_ARGUMENTS;
    for (int index = 0; index < sources; index++) scale[index] = 1.0f;
    int status = gather(&gathered, sources, source);
    if (status) return status;
    status = cdnn_internal_attributes(&attributes, 0, NULL);
    if (!status)
        status = dnnl_sum_primitive_desc_create(&description, &destination->descriptor, sources, scale, gathered,
                                                attributes, engine->engine);
    if (attributes) dnnl_primitive_attr_destroy(attributes);
    free(gathered);
    return status ? status : cdnn_internal_compile(primitive, description);
}

int cdnn_reorder(cdnn_primitive **primitive, const cdnn_engine *engine, const cdnn_layout *source,
                 const cdnn_layout *destination) {
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t description;
    int status = cdnn_internal_attributes(&attributes, 0, NULL);
    if (!status)
        status = dnnl_reorder_primitive_desc_create(&description, &source->descriptor, engine->engine,
                                                    &destination->descriptor, engine->engine, attributes);
    if (attributes) dnnl_primitive_attr_destroy(attributes);
    return status ? status : cdnn_internal_compile(primitive, description);
}

#endif
