// What is the same in oneDNN 2 and 3: engine, memory, execution, and the tables of names.
#include <pthread.h>
#include <stdlib.h>

#include "cdnn_internal.h"

int cdnn_version_major(void) { return DNNL_VERSION_MAJOR; }
int cdnn_version_minor(void) { return DNNL_VERSION_MINOR; }
int cdnn_version_patch(void) { return DNNL_VERSION_PATCH; }
int cdnn_instruction_set(void) { return (int)dnnl_get_effective_cpu_isa(); }

// The OpenMP runtime comes with oneDNN (libgomp or libomp); a build of oneDNN without OpenMP has none.
extern void omp_set_num_threads(int threads) __attribute__((weak));

void cdnn_set_thread_count(int threads) {
    if (omp_set_num_threads) omp_set_num_threads(threads);
}

int cdnn_engine_create(cdnn_engine **engine) {
    cdnn_engine *made = calloc(1, sizeof *made);
    if (!made) return CDNN_OUT_OF_MEMORY;
    // oneDNN's memory of primitives is left out: plans keep what they need. Where a primitive is remembered, the count of
    // implementations stands still, so that number 1 is number 0 again (dnnl_primitive_desc_iterator, operator++); and
    // asking for one that another thread is failing to make follows a null pointer (lru_primitive_cache_t::get_pd).
    int status = dnnl_set_primitive_cache_capacity(0);
    if (!status) status = dnnl_engine_create(&made->engine, dnnl_cpu, 0);
    if (!status) status = dnnl_stream_create(&made->stream, made->engine, dnnl_stream_default_flags);
    if (status) {
        cdnn_engine_destroy(made);
        return status;
    }
    *engine = made;
    return 0;
}

void cdnn_engine_destroy(cdnn_engine *engine) {
    if (!engine) return;
    if (engine->stream) dnnl_stream_destroy(engine->stream);
    if (engine->engine) dnnl_engine_destroy(engine->engine);
    free(engine);
}

int cdnn_layout_create(cdnn_layout **layout, int rank, const int64_t *extents) {
    int64_t strides[CDNN_MAX_RANK];
    if (rank < 1 || rank > CDNN_MAX_RANK) return CDNN_INVALID_ARGUMENTS;
    int64_t stride = 1;
    for (int axis = rank - 1; axis >= 0; axis--) {
        strides[axis] = stride;
        stride *= extents[axis];
    }
    return cdnn_layout_create_strided(layout, CDNN_FLOAT32, rank, extents, strides);
}

// oneDNN 2.6 keeps some of what it plans a convolution by in variables that all threads share (the static members of
// brg_blocking_t; later versions have made them thread_local): planned beside one in single precision, a convolution in
// eight bits expects its weights in the other's order, or finds no scratch memory. So one is made at a time.
static pthread_mutex_t making_a_convolution = PTHREAD_MUTEX_INITIALIZER;

int cdnn_convolution_forward_by(cdnn_primitive **primitive, const cdnn_engine *engine, int implementation,
                                cdnn_convolution_kind kind, const cdnn_window *window, const cdnn_layout *source,
                                const cdnn_layout *weights, const cdnn_layout *bias, const cdnn_layout *destination,
                                int post_ops, const cdnn_post_op *post_op) {
    pthread_mutex_lock(&making_a_convolution);
    int status = cdnn_internal_convolution_forward(primitive, engine, implementation, kind, window, source, weights,
                                                   bias, destination, post_ops, post_op);
    pthread_mutex_unlock(&making_a_convolution);
    return status;
}

int cdnn_convolution_backward_by(cdnn_primitive **primitive, const cdnn_engine *engine, int implementation,
                                 cdnn_convolution_kind kind, const cdnn_window *window,
                                 const cdnn_layout *source_gradient, const cdnn_layout *weights,
                                 const cdnn_layout *destination_gradient) {
    pthread_mutex_lock(&making_a_convolution);
    int status = cdnn_internal_convolution_backward(primitive, engine, implementation, kind, window, source_gradient,
                                                    weights, destination_gradient);
    pthread_mutex_unlock(&making_a_convolution);
    return status;
}

int cdnn_convolution_forward(cdnn_primitive **primitive, const cdnn_engine *engine, cdnn_convolution_kind kind,
                             const cdnn_window *window, const cdnn_layout *source, const cdnn_layout *weights,
                             const cdnn_layout *bias, const cdnn_layout *destination, int post_ops,
                             const cdnn_post_op *post_op) {
    return cdnn_convolution_forward_by(primitive, engine, 0, kind, window, source, weights, bias, destination,
                                       post_ops, post_op);
}

int cdnn_convolution_backward(cdnn_primitive **primitive, const cdnn_engine *engine, cdnn_convolution_kind kind,
                              const cdnn_window *window, const cdnn_layout *source_gradient,
                              const cdnn_layout *weights, const cdnn_layout *destination_gradient) {
    return cdnn_convolution_backward_by(primitive, engine, 0, kind, window, source_gradient, weights,
                                        destination_gradient);
}

dnnl_data_type_t cdnn_internal_type(cdnn_type type) {
    static const dnnl_data_type_t types[] = {
        [CDNN_FLOAT32] = dnnl_f32, [CDNN_INT32] = dnnl_s32, [CDNN_INT8] = dnnl_s8, [CDNN_UINT8] = dnnl_u8};
    return types[type];
}

int cdnn_internal_finish_layout(cdnn_layout **layout, cdnn_layout *made, int status) {
    if (status) {
        free(made);
        return status;
    }
    *layout = made;
    return 0;
}

void cdnn_memory_destroy(cdnn_memory *memory) {
    if (!memory) return;
    dnnl_memory_destroy(memory->memory);
    free(memory);
}

int cdnn_internal_argument(int argument) {
    static const int table[CDNN_LAYOUT_ARGUMENTS] = {
        [CDNN_ARG_SRC] = DNNL_ARG_SRC,
        [CDNN_ARG_SRC_1] = DNNL_ARG_SRC_1,
        [CDNN_ARG_WEIGHTS] = DNNL_ARG_WEIGHTS,
        [CDNN_ARG_BIAS] = DNNL_ARG_BIAS,
        [CDNN_ARG_DST] = DNNL_ARG_DST,
        [CDNN_ARG_DIFF_SRC] = DNNL_ARG_DIFF_SRC,
        [CDNN_ARG_DIFF_DST] = DNNL_ARG_DIFF_DST,
        [CDNN_ARG_MEAN] = DNNL_ARG_MEAN,
        [CDNN_ARG_VARIANCE] = DNNL_ARG_VARIANCE,
        [CDNN_ARG_WORKSPACE] = DNNL_ARG_WORKSPACE,
        [CDNN_ARG_SCRATCHPAD] = DNNL_ARG_SCRATCHPAD,
    };
    if (argument >= CDNN_ARG_POST_OP_0)
        return DNNL_ARG_ATTR_MULTIPLE_POST_OP(argument - CDNN_ARG_POST_OP_0) | DNNL_ARG_SRC_1;
    if (argument >= CDNN_ARG_SOURCE_0) return DNNL_ARG_MULTIPLE_SRC + (argument - CDNN_ARG_SOURCE_0);
    return table[argument];
}

dnnl_alg_kind_t cdnn_internal_eltwise(cdnn_eltwise kind) {
    static const dnnl_alg_kind_t table[] = {
        [CDNN_ELTWISE_RELU] = dnnl_eltwise_relu,
        [CDNN_ELTWISE_TANH] = dnnl_eltwise_tanh,
        [CDNN_ELTWISE_ELU] = dnnl_eltwise_elu,
        [CDNN_ELTWISE_SQUARE] = dnnl_eltwise_square,
        [CDNN_ELTWISE_ABS] = dnnl_eltwise_abs,
        [CDNN_ELTWISE_SQRT] = dnnl_eltwise_sqrt,
        [CDNN_ELTWISE_LINEAR] = dnnl_eltwise_linear,
        [CDNN_ELTWISE_SOFT_RELU] = dnnl_eltwise_soft_relu,
        [CDNN_ELTWISE_LOGISTIC] = dnnl_eltwise_logistic,
        [CDNN_ELTWISE_EXP] = dnnl_eltwise_exp,
        [CDNN_ELTWISE_GELU_TANH] = dnnl_eltwise_gelu_tanh,
        [CDNN_ELTWISE_GELU_ERF] = dnnl_eltwise_gelu_erf,
        [CDNN_ELTWISE_SWISH] = dnnl_eltwise_swish,
        [CDNN_ELTWISE_LOG] = dnnl_eltwise_log,
        [CDNN_ELTWISE_CLIP] = dnnl_eltwise_clip,
        [CDNN_ELTWISE_POW] = dnnl_eltwise_pow,
        [CDNN_ELTWISE_ROUND] = dnnl_eltwise_round,
        [CDNN_ELTWISE_MISH] = dnnl_eltwise_mish,
        [CDNN_ELTWISE_HARDSWISH] = dnnl_eltwise_hardswish,
        [CDNN_ELTWISE_RELU_FROM_DST] = dnnl_eltwise_relu_use_dst_for_bwd,
        [CDNN_ELTWISE_CLIP_FROM_DST] = dnnl_eltwise_clip_v2_use_dst_for_bwd,
    };
    return table[kind];
}

dnnl_alg_kind_t cdnn_internal_binary(cdnn_binary_kind kind) {
    static const dnnl_alg_kind_t table[] = {
        [CDNN_BINARY_ADD] = dnnl_binary_add, [CDNN_BINARY_SUB] = dnnl_binary_sub,
        [CDNN_BINARY_MUL] = dnnl_binary_mul, [CDNN_BINARY_DIV] = dnnl_binary_div,
        [CDNN_BINARY_MAX] = dnnl_binary_max, [CDNN_BINARY_MIN] = dnnl_binary_min,
    };
    return table[kind];
}

dnnl_alg_kind_t cdnn_internal_pooling(cdnn_pooling_kind kind) {
    static const dnnl_alg_kind_t table[] = {
        [CDNN_POOL_MAX] = dnnl_pooling_max,
        [CDNN_POOL_AVERAGE_INCLUDE_PADDING] = dnnl_pooling_avg_include_padding,
        [CDNN_POOL_AVERAGE_EXCLUDE_PADDING] = dnnl_pooling_avg_exclude_padding,
    };
    return table[kind];
}

dnnl_alg_kind_t cdnn_internal_convolution(cdnn_convolution_kind kind) {
    static const dnnl_alg_kind_t table[] = {
        [CDNN_CONVOLUTION_AUTO] = dnnl_convolution_auto,
        [CDNN_CONVOLUTION_DIRECT] = dnnl_convolution_direct,
        [CDNN_CONVOLUTION_WINOGRAD] = dnnl_convolution_winograd,
    };
    return table[kind];
}

dnnl_format_tag_t cdnn_internal_blocked(int rank) {
    // The instruction sets are bit masks, a larger one containing the smaller.
    int is_wide = (cdnn_instruction_set() & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core;
    switch (rank) {
    case 3: return is_wide ? dnnl_nCw16c : dnnl_nCw8c;
    case 4: return is_wide ? dnnl_nChw16c : dnnl_nChw8c;
    case 5: return is_wide ? dnnl_nCdhw16c : dnnl_nCdhw8c;
    default: return dnnl_format_tag_undef;
    }
}

int cdnn_internal_compile(cdnn_primitive **primitive, dnnl_primitive_desc_t description) {
    cdnn_primitive *made = calloc(1, sizeof *made);
    if (!made) {
        dnnl_primitive_desc_destroy(description);
        return CDNN_OUT_OF_MEMORY;
    }
    made->description = description;
    int status = dnnl_primitive_create(&made->primitive, description);
    if (status) {
        cdnn_primitive_destroy(made);
        return status;
    }
    for (int argument = 0; argument < CDNN_LAYOUT_ARGUMENTS; argument++)
        made->has_layout[argument] = cdnn_internal_query(&made->layout[argument], description, argument);
    *primitive = made;
    return 0;
}

void cdnn_primitive_destroy(cdnn_primitive *primitive) {
    if (!primitive) return;
    for (int argument = 0; argument < CDNN_LAYOUT_ARGUMENTS; argument++)
        if (primitive->has_layout[argument]) cdnn_internal_release(&primitive->layout[argument]);
    if (primitive->primitive) dnnl_primitive_destroy(primitive->primitive);
    if (primitive->description) dnnl_primitive_desc_destroy(primitive->description);
    free(primitive);
}

const cdnn_layout *cdnn_primitive_layout(const cdnn_primitive *primitive, cdnn_argument argument) {
    return primitive->has_layout[argument] ? &primitive->layout[argument] : NULL;
}

const char *cdnn_primitive_implementation(const cdnn_primitive *primitive) {
    const char *name = NULL;
    int status = dnnl_primitive_desc_query(primitive->description, dnnl_query_impl_info_str, 0, &name);
    return status || !name ? "unknown" : name;
}

#define LARGEST_ARGUMENT_COUNT 512

int cdnn_primitive_execute(const cdnn_primitive *primitive, const cdnn_engine *engine, int count,
                           const int *arguments, cdnn_memory *const *memories) {
    if (count < 0 || count > LARGEST_ARGUMENT_COUNT) return CDNN_INVALID_ARGUMENTS;
    dnnl_exec_arg_t argument[LARGEST_ARGUMENT_COUNT];
    for (int index = 0; index < count; index++) {
        argument[index].arg = cdnn_internal_argument(arguments[index]);
        argument[index].memory = memories[index]->memory;
    }
    dnnl_status_t status = dnnl_primitive_execute(primitive->primitive, engine->stream, count, argument);
    if (!status) status = dnnl_stream_wait(engine->stream);
    return status;
}
