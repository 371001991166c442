// One small header over oneDNN's C API, the same for its major versions 2 and 3 (Debian 12 ships 2.6; Debian 13 and
// Ubuntu 24.04 ship 3.x). The bodies are in cdnn_v2.c and cdnn_v3.c.
//
// Every function returns 0 on success and otherwise oneDNN's status; 3 (unimplemented) means that oneDNN has no such
// primitive for these layouts. Objects made by a *_create function are freed by the *_destroy of the same name; a
// layout that a function returns as const belongs to the object asked.
#ifndef CDNN_H
#define CDNN_H

#include <stddef.h>
#include <stdint.h>

#define CDNN_MAX_RANK 12
#define CDNN_MAX_SPATIAL 3

typedef struct cdnn_engine cdnn_engine;        // the CPU and an in-order stream on it
typedef struct cdnn_layout cdnn_layout;        // extents and their order in memory (a memory descriptor)
typedef struct cdnn_memory cdnn_memory;        // a layout at an address
typedef struct cdnn_primitive cdnn_primitive;  // a compiled operation

enum {
    CDNN_OUT_OF_MEMORY = 1,
    CDNN_INVALID_ARGUMENTS = 2,
    CDNN_UNIMPLEMENTED = 3,
};

/// What an execution argument is.
typedef enum {
    CDNN_ARG_SRC,
    CDNN_ARG_SRC_1,
    CDNN_ARG_WEIGHTS,
    CDNN_ARG_BIAS,
    CDNN_ARG_DST,
    CDNN_ARG_DIFF_SRC,
    CDNN_ARG_DIFF_DST,
    CDNN_ARG_MEAN,
    CDNN_ARG_VARIANCE,
    CDNN_ARG_WORKSPACE,
    CDNN_ARG_SCRATCHPAD,
    CDNN_ARG_SOURCE_0 = 1024,    // + index: the sources of concat and sum
    CDNN_ARG_POST_OP_0 = 2048,   // + index: the second source of a binary post-op
} cdnn_argument;

typedef enum {
    CDNN_ELTWISE_RELU,           // max(x, 0) + alpha * min(x, 0)
    CDNN_ELTWISE_TANH,
    CDNN_ELTWISE_ELU,            // alpha
    CDNN_ELTWISE_SQUARE,
    CDNN_ELTWISE_ABS,
    CDNN_ELTWISE_SQRT,
    CDNN_ELTWISE_LINEAR,         // alpha * x + beta
    CDNN_ELTWISE_SOFT_RELU,      // log(1 + exp x)
    CDNN_ELTWISE_LOGISTIC,
    CDNN_ELTWISE_EXP,
    CDNN_ELTWISE_GELU_TANH,
    CDNN_ELTWISE_GELU_ERF,
    CDNN_ELTWISE_SWISH,          // x * logistic(alpha * x)
    CDNN_ELTWISE_LOG,
    CDNN_ELTWISE_CLIP,           // alpha .. beta
    CDNN_ELTWISE_POW,            // alpha * x ^ beta
    CDNN_ELTWISE_ROUND,
    CDNN_ELTWISE_MISH,
    CDNN_ELTWISE_HARDSWISH,      // x * clip(x / 6 + 1/2, 0, 1)
    CDNN_ELTWISE_RELU_FROM_DST,  // as RELU; backward reads the output instead of the input
    CDNN_ELTWISE_CLIP_FROM_DST,  // as CLIP; likewise, and nothing goes back where the value is a bound
} cdnn_eltwise;

typedef enum {
    CDNN_BINARY_ADD,
    CDNN_BINARY_SUB,
    CDNN_BINARY_MUL,
    CDNN_BINARY_DIV,
    CDNN_BINARY_MAX,
    CDNN_BINARY_MIN,
} cdnn_binary_kind;

typedef enum { CDNN_POOL_MAX, CDNN_POOL_AVERAGE_INCLUDE_PADDING, CDNN_POOL_AVERAGE_EXCLUDE_PADDING } cdnn_pooling_kind;

typedef enum { CDNN_CONVOLUTION_AUTO, CDNN_CONVOLUTION_DIRECT, CDNN_CONVOLUTION_WINOGRAD } cdnn_convolution_kind;

/// Something done to each value before it is stored.
typedef struct {
    enum { CDNN_POST_SUM, CDNN_POST_ELTWISE, CDNN_POST_BINARY } kind;
    cdnn_eltwise eltwise;
    cdnn_binary_kind binary;
    float alpha, beta;
    const cdnn_layout *source;  // of a binary post-op
} cdnn_post_op;

/// Window geometry per spatial axis; `dilation` 1 is a dense window (ONNX's convention, not oneDNN's).
typedef struct {
    int spatial;
    int64_t kernel[CDNN_MAX_SPATIAL];
    int64_t stride[CDNN_MAX_SPATIAL];
    int64_t dilation[CDNN_MAX_SPATIAL];
    int64_t pad_begin[CDNN_MAX_SPATIAL];
    int64_t pad_end[CDNN_MAX_SPATIAL];
} cdnn_window;

// Engine

int cdnn_version_major(void);
int cdnn_version_minor(void);
int cdnn_version_patch(void);
/// A number for the instruction set that the library makes its kernels for.
int cdnn_instruction_set(void);
int cdnn_engine_create(cdnn_engine **engine);
void cdnn_engine_destroy(cdnn_engine *engine);
/// Number of OpenMP threads for work started by the calling thread.
void cdnn_set_thread_count(int threads);

// Layouts (Float32 where no type is named)

typedef enum { CDNN_FLOAT32, CDNN_INT32, CDNN_INT8, CDNN_UINT8 } cdnn_type;

/// Dense row-major.
int cdnn_layout_create(cdnn_layout **layout, int rank, const int64_t *extents);
/// Left to the primitive that is made from it.
int cdnn_layout_create_any(cdnn_layout **layout, cdnn_type type, int rank, const int64_t *extents);
int cdnn_layout_create_strided(cdnn_layout **layout, cdnn_type type, int rank, const int64_t *extents,
                               const int64_t *strides);
/// Channels in blocks as wide as the processor's vectors, what lies between them dense: nChw16c and its like.
int cdnn_layout_create_blocked(cdnn_layout **layout, int rank, const int64_t *extents);
/// [N, C, H, W] with blocks of 4, 8 or 16 channels innermost.
int cdnn_layout_create_channel_blocks(cdnn_layout **layout, const int64_t *extents, int block);
int cdnn_layout_clone(cdnn_layout **layout, const cdnn_layout *source);
void cdnn_layout_destroy(cdnn_layout *layout);
int cdnn_layout_equal(const cdnn_layout *a, const cdnn_layout *b);
/// Bytes, padding of blocked layouts included.
size_t cdnn_layout_size(const cdnn_layout *layout);

// Memory

int cdnn_memory_create(cdnn_memory **memory, const cdnn_engine *engine, const cdnn_layout *layout, void *address);
void cdnn_memory_destroy(cdnn_memory *memory);

// Primitives. Scratch memory is the caller's: ask for the layout of CDNN_ARG_SCRATCHPAD.

/// `weights` [O, I, k…] or, for groups, [G, O/G, I/G, k…]; `bias` [O] or null.
int cdnn_convolution_forward(cdnn_primitive **primitive, const cdnn_engine *engine, cdnn_convolution_kind kind,
                             const cdnn_window *window, const cdnn_layout *source, const cdnn_layout *weights,
                             const cdnn_layout *bias, const cdnn_layout *destination, int post_ops,
                             const cdnn_post_op *post_op);
/// As above with the library's implementation number `implementation`, counted from 0, of those that can do it. They
/// come best first in the library's own opinion, which may differ with the number of threads.
int cdnn_convolution_forward_by(cdnn_primitive **primitive, const cdnn_engine *engine, int implementation,
                                cdnn_convolution_kind kind, const cdnn_window *window, const cdnn_layout *source,
                                const cdnn_layout *weights, const cdnn_layout *bias, const cdnn_layout *destination,
                                int post_ops, const cdnn_post_op *post_op);
/// Gradient with respect to the source: the transposed convolution.
int cdnn_convolution_backward(cdnn_primitive **primitive, const cdnn_engine *engine, cdnn_convolution_kind kind,
                              const cdnn_window *window, const cdnn_layout *source_gradient,
                              const cdnn_layout *weights, const cdnn_layout *destination_gradient);
/// As above with the library's implementation number `implementation`.
int cdnn_convolution_backward_by(cdnn_primitive **primitive, const cdnn_engine *engine, int implementation,
                                 cdnn_convolution_kind kind, const cdnn_window *window,
                                 const cdnn_layout *source_gradient, const cdnn_layout *weights,
                                 const cdnn_layout *destination_gradient);
/// `keeps_workspace`: also writes where each maximum came from (CDNN_ARG_WORKSPACE), as backward needs it.
int cdnn_pooling_forward(cdnn_primitive **primitive, const cdnn_engine *engine, cdnn_pooling_kind kind,
                         int keeps_workspace, const cdnn_window *window, const cdnn_layout *source,
                         const cdnn_layout *destination);
int cdnn_pooling_backward(cdnn_primitive **primitive, const cdnn_engine *engine, cdnn_pooling_kind kind,
                          const cdnn_window *window, const cdnn_layout *source, const cdnn_layout *source_gradient,
                          const cdnn_layout *destination, const cdnn_layout *destination_gradient);
/// `weights` [O, I…] where I… are the extents of the source behind the batch.
int cdnn_inner_product_forward(cdnn_primitive **primitive, const cdnn_engine *engine, const cdnn_layout *source,
                               const cdnn_layout *weights, const cdnn_layout *bias, const cdnn_layout *destination,
                               int post_ops, const cdnn_post_op *post_op);
int cdnn_inner_product_backward(cdnn_primitive **primitive, const cdnn_engine *engine,
                                const cdnn_layout *source_gradient, const cdnn_layout *weights,
                                const cdnn_layout *destination_gradient);
int cdnn_matmul(cdnn_primitive **primitive, const cdnn_engine *engine, const cdnn_layout *source,
                const cdnn_layout *weights, const cdnn_layout *bias, const cdnn_layout *destination);
int cdnn_eltwise_forward(cdnn_primitive **primitive, const cdnn_engine *engine, cdnn_eltwise kind, float alpha,
                         float beta, const cdnn_layout *layout);
int cdnn_eltwise_backward(cdnn_primitive **primitive, const cdnn_engine *engine, cdnn_eltwise kind, float alpha,
                          float beta, const cdnn_layout *data, const cdnn_layout *gradient);
/// `source_1` broadcasts along the axes where it has extent 1.
int cdnn_binary(cdnn_primitive **primitive, const cdnn_engine *engine, cdnn_binary_kind kind,
                const cdnn_layout *source_0, const cdnn_layout *source_1, const cdnn_layout *destination);
int cdnn_softmax_forward(cdnn_primitive **primitive, const cdnn_engine *engine, int logarithmic, int axis,
                         const cdnn_layout *layout);
int cdnn_softmax_backward(cdnn_primitive **primitive, const cdnn_engine *engine, int logarithmic, int axis,
                          const cdnn_layout *layout, const cdnn_layout *gradient);
int cdnn_concat(cdnn_primitive **primitive, const cdnn_engine *engine, int axis, int sources,
                const cdnn_layout *const *source, const cdnn_layout *destination);
int cdnn_sum(cdnn_primitive **primitive, const cdnn_engine *engine, int sources, const cdnn_layout *const *source,
             const cdnn_layout *destination);
int cdnn_reorder(cdnn_primitive **primitive, const cdnn_engine *engine, const cdnn_layout *source,
                 const cdnn_layout *destination);

void cdnn_primitive_destroy(cdnn_primitive *primitive);
/// The layout the primitive chose for an argument; null where it takes none.
const cdnn_layout *cdnn_primitive_layout(const cdnn_primitive *primitive, cdnn_argument argument);
/// oneDNN's name of the implementation chosen, such as "jit:avx512_core".
const char *cdnn_primitive_implementation(const cdnn_primitive *primitive);
/// Runs and waits.
int cdnn_primitive_execute(const cdnn_primitive *primitive, const cdnn_engine *engine, int count,
                           const int *arguments, cdnn_memory *const *memories);

#endif
