// The body for oneDNN 3: descriptors are objects, and a primitive is described in one step.
#include <dnnl_version.h>
#if DNNL_VERSION_MAJOR == 3

#include <stdlib.h>

#include "cdnn_internal.h"

// Layouts

int cdnn_layout_create_strided(cdnn_layout **layout, cdnn_type type, int rank, const int64_t *extents,
                               const int64_t *strides) {
    cdnn_layout *made = calloc(1, sizeof *made);
    if (!made) return CDNN_OUT_OF_MEMORY;
    return cdnn_internal_finish_layout(
        layout, made,
        dnnl_memory_desc_create_with_strides(&made->descriptor, rank, extents, cdnn_internal_type(type), strides));
}

int cdnn_layout_create_any(cdnn_layout **layout, cdnn_type type, int rank, const int64_t *extents) {
    cdnn_layout *made = calloc(1, sizeof *made);
    if (!made) return CDNN_OUT_OF_MEMORY;
    return cdnn_internal_finish_layout(
        layout, made,
        dnnl_memory_desc_create_with_tag(&made->descriptor, rank, extents, cdnn_internal_type(type),
                                     dnnl_format_tag_any));
}

int cdnn_layout_create_blocked(cdnn_layout **layout, int rank, const int64_t *extents) {
    if (cdnn_internal_blocked(rank) == dnnl_format_tag_undef) return CDNN_UNIMPLEMENTED;
    cdnn_layout *made = calloc(1, sizeof *made);
    if (!made) return CDNN_OUT_OF_MEMORY;
    return cdnn_internal_finish_layout(layout, made,
                                       dnnl_memory_desc_create_with_tag(&made->descriptor, rank, extents, dnnl_f32,
                                                                        cdnn_internal_blocked(rank)));
}

int cdnn_layout_create_channel_blocks(cdnn_layout **layout, const int64_t *extents, int block) {
    dnnl_format_tag_t tag = block == 16 ? dnnl_nChw16c : block == 8 ? dnnl_nChw8c : block == 4 ? dnnl_nChw4c
                                                                                           : dnnl_format_tag_undef;
    if (tag == dnnl_format_tag_undef) return CDNN_INVALID_ARGUMENTS;
    cdnn_layout *made = calloc(1, sizeof *made);
    if (!made) return CDNN_OUT_OF_MEMORY;
    return cdnn_internal_finish_layout(layout, made, dnnl_memory_desc_create_with_tag(&made->descriptor, 4, extents, dnnl_f32, tag));
}

int cdnn_layout_clone(cdnn_layout **layout, const cdnn_layout *source) {
    cdnn_layout *made = calloc(1, sizeof *made);
    if (!made) return CDNN_OUT_OF_MEMORY;
    return cdnn_internal_finish_layout(layout, made, dnnl_memory_desc_clone(&made->descriptor, source->descriptor));
}

void cdnn_layout_destroy(cdnn_layout *layout) {
    if (!layout) return;
    cdnn_internal_release(layout);
    free(layout);
}

void cdnn_internal_release(cdnn_layout *layout) {
    if (layout->descriptor) dnnl_memory_desc_destroy(layout->descriptor);
}

int cdnn_layout_equal(const cdnn_layout *a, const cdnn_layout *b) {
    return dnnl_memory_desc_equal(a->descriptor, b->descriptor);
}

size_t cdnn_layout_size(const cdnn_layout *layout) { return dnnl_memory_desc_get_size(layout->descriptor); }

int cdnn_memory_create(cdnn_memory **memory, const cdnn_engine *engine, const cdnn_layout *layout, void *address) {
    cdnn_memory *made = calloc(1, sizeof *made);
    if (!made) return CDNN_OUT_OF_MEMORY;
    int status = dnnl_memory_create(&made->memory, layout->descriptor, engine->engine, address);
    if (status) {
        free(made);
        return status;
    }
    *memory = made;
    return 0;
}

// Primitives

int cdnn_internal_query(cdnn_layout *layout, dnnl_primitive_desc_t description, int argument) {
    const_dnnl_memory_desc_t found =
        dnnl_primitive_desc_query_md(description, dnnl_query_exec_arg_md, cdnn_internal_argument(argument));
    int rank = 0;
    if (!found || dnnl_memory_desc_query(found, dnnl_query_ndims_s32, &rank) || rank == 0) return 0;
    return dnnl_memory_desc_clone(&layout->descriptor, found) == dnnl_success;
}

/// oneDNN 2 had the numbers of hard swish and of the soft ReLU built in.
static void fill_parameters(cdnn_eltwise kind, float *alpha, float *beta) {
    if (kind == CDNN_ELTWISE_HARDSWISH) {
        *alpha = 1.0f / 6.0f;
        *beta = 0.5f;
    }
    if (kind == CDNN_ELTWISE_SOFT_RELU) *alpha = 1.0f;
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
        case CDNN_POST_SUM: status = dnnl_post_ops_append_sum(list, 1.0f, 0, dnnl_f32); break;
        case CDNN_POST_ELTWISE: {
            float alpha = op->alpha, beta = op->beta;
            fill_parameters(op->eltwise, &alpha, &beta);
            status = dnnl_post_ops_append_eltwise(list, cdnn_internal_eltwise(op->eltwise), alpha, beta);
            break;
        }
        case CDNN_POST_BINARY:
            status = dnnl_post_ops_append_binary(list, cdnn_internal_binary(op->binary), op->source->descriptor);
            break;
        }
    }
    if (!status) status = dnnl_primitive_attr_set_post_ops(*attributes, list);
    dnnl_post_ops_destroy(list);
    return status;
}

/// Compiles what was described, if it could be, and lets go of attributes and hint.
static int finish(cdnn_primitive **primitive, int status, dnnl_primitive_desc_t description,
                  dnnl_primitive_attr_t attributes, dnnl_primitive_desc_t hint) {
    if (attributes) dnnl_primitive_attr_destroy(attributes);
    if (hint) dnnl_primitive_desc_destroy(hint);
    return status ? status : cdnn_internal_compile(primitive, description);
}

/// Goes on to the library's implementation number `implementation` of what is described.
static int advance(dnnl_primitive_desc_t *description, int implementation) {
    int status = 0;
    for (int index = 0; index < implementation && !status; index++) status = dnnl_primitive_desc_next_impl(*description);
    if (!status) return 0;
    dnnl_primitive_desc_destroy(*description);
    *description = NULL;
    return status == dnnl_last_impl_reached ? CDNN_UNIMPLEMENTED : status;
}

static int describe_convolution(dnnl_primitive_desc_t *description, const cdnn_engine *engine,
                                dnnl_prop_kind_t propagation, cdnn_convolution_kind kind, const cdnn_window *window,
                                const cdnn_layout *source, const cdnn_layout *weights, const cdnn_layout *bias,
                                const cdnn_layout *destination, dnnl_primitive_attr_t attributes) {
    dnnl_dims_t dilation;
    cdnn_internal_dilation(dilation, window);
    return dnnl_convolution_forward_primitive_desc_create(
        description, engine->engine, propagation, cdnn_internal_convolution(kind), source->descriptor,
        weights->descriptor, bias ? bias->descriptor : NULL, destination->descriptor, window->stride, dilation,
        window->pad_begin, window->pad_end, attributes);
}

int cdnn_internal_convolution_forward(cdnn_primitive **primitive, const cdnn_engine *engine, int implementation,
                                      cdnn_convolution_kind kind, const cdnn_window *window,
                                      const cdnn_layout *source, const cdnn_layout *weights, const cdnn_layout *bias,
                                      const cdnn_layout *destination, int post_ops, const cdnn_post_op *post_op) {
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t description = NULL;
    int status = cdnn_internal_attributes(&attributes, post_ops, post_op);
    if (!status)
        status = describe_convolution(&description, engine, dnnl_forward_inference, kind, window, source, weights,
                                      bias, destination, attributes);
    if (!status) status = advance(&description, implementation);
    return finish(primitive, status, description, attributes, NULL);
}

int cdnn_internal_convolution_backward(cdnn_primitive **primitive, const cdnn_engine *engine, int implementation,
                                       cdnn_convolution_kind kind, const cdnn_window *window,
                                       const cdnn_layout *source_gradient, const cdnn_layout *weights,
                                       const cdnn_layout *destination_gradient) {
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t description = NULL, hint = NULL;
    dnnl_dims_t dilation;
    cdnn_internal_dilation(dilation, window);
    int status = cdnn_internal_attributes(&attributes, 0, NULL);
    if (!status)
        status = describe_convolution(&hint, engine, dnnl_forward_training, CDNN_CONVOLUTION_AUTO, window,
                                      source_gradient, weights, NULL, destination_gradient, NULL);
    if (!status)
        status = dnnl_convolution_backward_data_primitive_desc_create(
            &description, engine->engine, cdnn_internal_convolution(kind), source_gradient->descriptor,
            weights->descriptor, destination_gradient->descriptor, window->stride, dilation, window->pad_begin,
            window->pad_end, hint, attributes);
    if (!status) status = advance(&description, implementation);
    return finish(primitive, status, description, attributes, hint);
}

static int describe_pooling(dnnl_primitive_desc_t *description, const cdnn_engine *engine, int keeps_workspace,
                            cdnn_pooling_kind kind, const cdnn_window *window, const cdnn_layout *source,
                            const cdnn_layout *destination, dnnl_primitive_attr_t attributes) {
    dnnl_dims_t dilation;
    cdnn_internal_dilation(dilation, window);
    return dnnl_pooling_forward_primitive_desc_create(
        description, engine->engine, keeps_workspace ? dnnl_forward_training : dnnl_forward_inference,
        cdnn_internal_pooling(kind), source->descriptor, destination->descriptor, window->stride, window->kernel,
        dilation, window->pad_begin, window->pad_end, attributes);
}

int cdnn_pooling_forward(cdnn_primitive **primitive, const cdnn_engine *engine, cdnn_pooling_kind kind,
                         int keeps_workspace, const cdnn_window *window, const cdnn_layout *source,
                         const cdnn_layout *destination) {
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t description = NULL;
    int status = cdnn_internal_attributes(&attributes, 0, NULL);
    if (!status)
        status = describe_pooling(&description, engine, keeps_workspace, kind, window, source, destination,
                                  attributes);
    return finish(primitive, status, description, attributes, NULL);
}

int cdnn_pooling_backward(cdnn_primitive **primitive, const cdnn_engine *engine, cdnn_pooling_kind kind,
                          const cdnn_window *window, const cdnn_layout *source, const cdnn_layout *source_gradient,
                          const cdnn_layout *destination, const cdnn_layout *destination_gradient) {
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t description = NULL, hint = NULL;
    dnnl_dims_t dilation;
    cdnn_internal_dilation(dilation, window);
    int status = cdnn_internal_attributes(&attributes, 0, NULL);
    if (!status) status = describe_pooling(&hint, engine, 1, kind, window, source, destination, NULL);
    if (!status)
        status = dnnl_pooling_backward_primitive_desc_create(
            &description, engine->engine, cdnn_internal_pooling(kind), source_gradient->descriptor,
            destination_gradient->descriptor, window->stride, window->kernel, dilation, window->pad_begin,
            window->pad_end, hint, attributes);
    return finish(primitive, status, description, attributes, hint);
}

int cdnn_inner_product_forward(cdnn_primitive **primitive, const cdnn_engine *engine, const cdnn_layout *source,
                               const cdnn_layout *weights, const cdnn_layout *bias, const cdnn_layout *destination,
                               int post_ops, const cdnn_post_op *post_op) {
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t description = NULL;
    int status = cdnn_internal_attributes(&attributes, post_ops, post_op);
    if (!status)
        status = dnnl_inner_product_forward_primitive_desc_create(
            &description, engine->engine, dnnl_forward_inference, source->descriptor, weights->descriptor,
            bias ? bias->descriptor : NULL, destination->descriptor, attributes);
    return finish(primitive, status, description, attributes, NULL);
}

int cdnn_inner_product_backward(cdnn_primitive **primitive, const cdnn_engine *engine,
                                const cdnn_layout *source_gradient, const cdnn_layout *weights,
                                const cdnn_layout *destination_gradient) {
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t description = NULL, hint = NULL;
    int status = cdnn_internal_attributes(&attributes, 0, NULL);
    if (!status)
        status = dnnl_inner_product_forward_primitive_desc_create(
            &hint, engine->engine, dnnl_forward_training, source_gradient->descriptor, weights->descriptor, NULL,
            destination_gradient->descriptor, NULL);
    if (!status)
        status = dnnl_inner_product_backward_data_primitive_desc_create(
            &description, engine->engine, source_gradient->descriptor, weights->descriptor,
            destination_gradient->descriptor, hint, attributes);
    return finish(primitive, status, description, attributes, hint);
}

int cdnn_matmul(cdnn_primitive **primitive, const cdnn_engine *engine, const cdnn_layout *source,
                const cdnn_layout *weights, const cdnn_layout *bias, const cdnn_layout *destination) {
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t description = NULL;
    int status = cdnn_internal_attributes(&attributes, 0, NULL);
    if (!status)
        status = dnnl_matmul_primitive_desc_create(&description, engine->engine, source->descriptor,
                                                   weights->descriptor, bias ? bias->descriptor : NULL,
                                                   destination->descriptor, attributes);
    return finish(primitive, status, description, attributes, NULL);
}

int cdnn_eltwise_forward(cdnn_primitive **primitive, const cdnn_engine *engine, cdnn_eltwise kind, float alpha,
                         float beta, const cdnn_layout *layout) {
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t description = NULL;
    fill_parameters(kind, &alpha, &beta);
    int status = cdnn_internal_attributes(&attributes, 0, NULL);
    if (!status)
        status = dnnl_eltwise_forward_primitive_desc_create(&description, engine->engine, dnnl_forward_inference,
                                                            cdnn_internal_eltwise(kind), layout->descriptor,
                                                            layout->descriptor, alpha, beta, attributes);
    return finish(primitive, status, description, attributes, NULL);
}

int cdnn_eltwise_backward(cdnn_primitive **primitive, const cdnn_engine *engine, cdnn_eltwise kind, float alpha,
                          float beta, const cdnn_layout *data, const cdnn_layout *gradient) {
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t description = NULL, hint = NULL;
    fill_parameters(kind, &alpha, &beta);
    int status = cdnn_internal_attributes(&attributes, 0, NULL);
    if (!status)
        status = dnnl_eltwise_forward_primitive_desc_create(&hint, engine->engine, dnnl_forward_training,
                                                            cdnn_internal_eltwise(kind), data->descriptor,
                                                            data->descriptor, alpha, beta, NULL);
    if (!status)
        status = dnnl_eltwise_backward_primitive_desc_create(
            &description, engine->engine, cdnn_internal_eltwise(kind), gradient->descriptor, gradient->descriptor,
            data->descriptor, alpha, beta, hint, attributes);
    return finish(primitive, status, description, attributes, hint);
}

int cdnn_binary(cdnn_primitive **primitive, const cdnn_engine *engine, cdnn_binary_kind kind,
                const cdnn_layout *source_0, const cdnn_layout *source_1, const cdnn_layout *destination) {
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t description = NULL;
    int status = cdnn_internal_attributes(&attributes, 0, NULL);
    if (!status)
        status = dnnl_binary_primitive_desc_create(&description, engine->engine, cdnn_internal_binary(kind),
                                                   source_0->descriptor, source_1->descriptor,
                                                   destination->descriptor, attributes);
    return finish(primitive, status, description, attributes, NULL);
}

static dnnl_alg_kind_t softmax_kind(int logarithmic) {
    return logarithmic ? dnnl_softmax_log : dnnl_softmax_accurate;
}

int cdnn_softmax_forward(cdnn_primitive **primitive, const cdnn_engine *engine, int logarithmic, int axis,
                         const cdnn_layout *layout) {
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t description = NULL;
    int status = cdnn_internal_attributes(&attributes, 0, NULL);
    if (!status)
        status = dnnl_softmax_forward_primitive_desc_create(&description, engine->engine, dnnl_forward_inference,
                                                            softmax_kind(logarithmic), layout->descriptor,
                                                            layout->descriptor, axis, attributes);
    return finish(primitive, status, description, attributes, NULL);
}

int cdnn_softmax_backward(cdnn_primitive **primitive, const cdnn_engine *engine, int logarithmic, int axis,
                          const cdnn_layout *layout, const cdnn_layout *gradient) {
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t description = NULL, hint = NULL;
    int status = cdnn_internal_attributes(&attributes, 0, NULL);
    if (!status)
        status = dnnl_softmax_forward_primitive_desc_create(&hint, engine->engine, dnnl_forward_training,
                                                            softmax_kind(logarithmic), layout->descriptor,
                                                            layout->descriptor, axis, NULL);
    if (!status)
        status = dnnl_softmax_backward_primitive_desc_create(
            &description, engine->engine, softmax_kind(logarithmic), gradient->descriptor, gradient->descriptor,
            layout->descriptor, axis, hint, attributes);
    return finish(primitive, status, description, attributes, hint);
}

#define LARGEST_SOURCE_COUNT 512

static int gather(const_dnnl_memory_desc_t *gathered, int sources, const cdnn_layout *const *source) {
    if (sources < 1 || sources > LARGEST_SOURCE_COUNT) return CDNN_INVALID_ARGUMENTS;
    for (int index = 0; index < sources; index++) gathered[index] = source[index]->descriptor;
    return 0;
}

int cdnn_concat(cdnn_primitive **primitive, const cdnn_engine *engine, int axis, int sources,
                const cdnn_layout *const *source, const cdnn_layout *destination) {
    const_dnnl_memory_desc_t gathered[LARGEST_SOURCE_COUNT];
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t description = NULL;
    int status = gather(gathered, sources, source);
    if (!status) status = cdnn_internal_attributes(&attributes, 0, NULL);
    if (!status)
        status = dnnl_concat_primitive_desc_create(&description, engine->engine, destination->descriptor, sources,
                                                   axis, gathered, attributes);
    return finish(primitive, status, description, attributes, NULL);
}

int cdnn_sum(cdnn_primitive **primitive, const cdnn_engine *engine, int sources, const cdnn_layout *const *source,
             const cdnn_layout *destination) {
    const_dnnl_memory_desc_t gathered[LARGEST_SOURCE_COUNT];
    float scale[LARGEST_SOURCE_COUNT];
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t description = NULL;
    int status = gather(gathered, sources, source);
    for (int index = 0; !status && index < sources; index++) scale[index] = 1.0f;
    if (!status) status = cdnn_internal_attributes(&attributes, 0, NULL);
    if (!status)
        status = dnnl_sum_primitive_desc_create(&description, engine->engine, destination->descriptor, sources,
                                                scale, gathered, attributes);
    return finish(primitive, status, description, attributes, NULL);
}

int cdnn_reorder(cdnn_primitive **primitive, const cdnn_engine *engine, const cdnn_layout *source,
                 const cdnn_layout *destination) {
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t description = NULL;
    int status = cdnn_internal_attributes(&attributes, 0, NULL);
    if (!status)
        status = dnnl_reorder_primitive_desc_create(&description, source->descriptor, engine->engine,
                                                    destination->descriptor, engine->engine, attributes);
    return finish(primitive, status, description, attributes, NULL);
}

#endif
