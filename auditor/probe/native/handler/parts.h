/* What the compiled handler holds on to: objects of the probe's Python part, and where their slots lie. */
#ifndef PARTS_H
#define PARTS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <frameobject.h>
#include <marshal.h>
#include <stddef.h>
#include <stdint.h>
#include <structmember.h>

#ifdef Py_GIL_DISABLED
#error "free-threaded builds of Python: the handler relies on the interpreter's lock"
#endif

/* Every one of them is given by name; see auditor/probe/backends/compiled.py. */
#define PARTS(X)                                                                                                       \
  X(backward_place) X(boundary) X(content_types) X(context) X(current_node) X(digest) X(entries) X(events)             \
  X(forget_storage) X(grad_enabled) X(infos) X(inputs) X(known) X(learn_spec) X(learn_whole) X(next_sequence)          \
  X(parameter_type) X(problem) X(prune) X(python) X(rows) X(settle) X(site_from) X(sites) X(storage_key) X(storages)   \
  X(tensor_type) X(threads) X(wholes) X(write_op)

/* Slots of Python classes, read where they lie: (class in the list of the types, attribute). */
#define SLOTS(X)                                                                                                       \
  X(info, accumulates) X(info, call) X(info, careful) X(info, fast) X(info, id) X(info, mark) X(info, special)         \
  X(info, treatment) X(info, write_only)                                                                               \
  X(state, forward_open) X(state, index) X(state, last_sequence) X(state, module) X(state, nodes) X(state, paused)     \
  X(state, phase) X(state, site)                                                                                       \
  X(file, busy) X(file, count) X(file, end) X(file, map) X(file, start)                                                \
  X(table, in_project) X(table, sites)
#define TYPES(X) X(info) X(state) X(file) X(table)

/* Attributes and methods that are asked for by name. */
#define NAMES(X)                                                                                                       \
  X(_sequence_nr) X(_weak_ref) X(beta) X(data_ptr) X(dtype) X(f_lasti) X(is_contiguous) X(is_cpu) X(lazy_bits)         \
  X(limit) X(nbytes) X(shape) X(step) X(storage_offset) X(stride) X(untyped_storage)

typedef struct {
  PyObject_HEAD
  const void *at;
  Py_ssize_t size;
} Span; /* memory that is hashed: an object with the buffer interface, made anew at most once */

typedef struct {
  PyObject_HEAD
  vectorcallfunc call;
#define X(name) PyObject *name;
  PARTS(X)
#undef X
#define X(name) PyTypeObject *name##_type;
  TYPES(X)
#undef X
#define X(type, name) Py_ssize_t type##_##name;
  SLOTS(X)
#undef X
#define X(name) PyObject *s_##name;
  NAMES(X)
#undef X
  PyObject *zero, *no_keywords;
  PyTypeObject *span_type;
  Span *span; /* the one that is used again; NULL while it is in use */
} Handler;

/* A borrowed reference to what lies in a slot; NULL where it was never set. */
#define SLOT(handler, type, name, object) (*(PyObject **)((char *)(object) + (handler)->type##_##name))

enum { OTHER = 0, FORWARD = 2, BACKWARD = 3, OPEN = 255 };           /* phases, as in wire.py and context.py */
enum { BACKWARD_SITE = 8 };                                          /* event flags */
enum { OUTPUT = 0, MUTATED = 1 };                                    /* roles */
enum { PASS = 0 };                                                   /* treatments, as in ops.py */
enum { SLOW = 0, FAST_OUTPUT = 1, FAST_INPLACE = 2 };
enum { OP = 1, EVENT_SIZE = 64, TENSOR_SIZE = 32 };

/* What is known of a call before the operator runs. */
typedef struct {
  PyObject *info, *state;     /* owned */
  PyObject *module, *site;    /* owned ints */
  PyObject *first;            /* owned: the key of the first argument's storage; NULL where that is not known */
  PyObject *content;          /* owned: a tuple of entry, offset, shape and stride of every input; NULL without any */
  long phase, flags, count;
  uint64_t inputs, arguments;
} Call;

/* 0: done; 1: not plain, Python's part takes the call; -1: an error to report */
typedef enum { DONE = 0, NOT_PLAIN = 1, FAILED = -1 } Outcome;

static inline int small_int(PyObject *object, long *value) {
  if (object == NULL || !PyLong_CheckExact(object)) return -1;
  *value = PyLong_AsLong(object);
  if (*value == -1 && PyErr_Occurred()) {
    PyErr_Clear();
    return -1;
  }
  return 0;
}

static inline void set_slot(PyObject **slot, PyObject *value) {
  PyObject *old = *slot;
  *slot = value;
  Py_XDECREF(old);
}

#endif
