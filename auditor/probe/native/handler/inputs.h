/* What goes into an operator: what its tensors hold and how they lie there, and all other arguments. */
#ifndef INPUTS_H
#define INPUTS_H

#include "digest.h"

enum { INLINE = 64 };

typedef struct {
  PyObject *inline_items[INLINE]; /* owned */
  PyObject **items;
  Py_ssize_t count, room;
  PyObject *others; /* a list of what is no tensor; NULL without any */
} Inputs;

static void inputs_start(Inputs *inputs) {
  inputs->items = inputs->inline_items;
  inputs->count = 0;
  inputs->room = INLINE;
  inputs->others = NULL;
}

static void inputs_clear(Inputs *inputs) {
  for (Py_ssize_t index = 0; index < inputs->count; index++) Py_DECREF(inputs->items[index]);
  if (inputs->items != inputs->inline_items) PyMem_Free(inputs->items);
  Py_XDECREF(inputs->others);
  inputs_start(inputs);
}

static int make_room(Inputs *inputs) {
  if (inputs->count + 4 <= inputs->room) return 0;
  Py_ssize_t room = inputs->room * 2;
  PyObject **before = inputs->items == inputs->inline_items ? NULL : inputs->items;
  PyObject **items = PyMem_Realloc(before, (size_t)room * sizeof(PyObject *));
  if (items == NULL) {
    PyErr_NoMemory();
    return -1;
  }
  if (before == NULL) memcpy(items, inputs->inline_items, (size_t)inputs->count * sizeof(PyObject *));
  inputs->items = items;
  inputs->room = room;
  return 0;
}

static int is_tensor_type(Handler *self, PyTypeObject *kind) {
  if ((PyObject *)kind == self->tensor_type || (PyObject *)kind == self->parameter_type) return 1;
  if (kind == &PyLong_Type || kind == &PyFloat_Type || kind == &PyBool_Type || kind == &PyList_Type ||
      kind == &PyTuple_Type || kind == Py_TYPE(Py_None))
    return 0;
  return PySet_Contains(self->content_types, (PyObject *)kind);
}

/* Adds a tensor whose storage has an entry; `key` is given where it is wanted. */
static Outcome add_tensor(Handler *self, Inputs *inputs, PyObject *tensor, PyObject **wanted) {
  if (make_room(inputs)) return FAILED;
  PyObject *key = PyObject_CallOneArg(self->storage_key, tensor);
  if (key == NULL) return FAILED;
  PyObject *entry = PyDict_GetItemWithError(self->entries, key);
  if (entry == NULL || !PyLong_CheckExact(entry)) {
    Py_DECREF(key);
    return PyErr_Occurred() ? FAILED : NOT_PLAIN;
  }
  inputs->items[inputs->count++] = Py_NewRef(entry);
  if (wanted != NULL) {
    *wanted = key;
  } else {
    Py_DECREF(key);
  }
  for (int index = 0; index < 3; index++) {
    PyObject *item = index == 0   ? PyObject_CallMethodNoArgs(tensor, self->s_storage_offset)
                     : index == 1 ? PyObject_GetAttr(tensor, self->s_shape)
                                  : PyObject_CallMethodNoArgs(tensor, self->s_stride);
    if (item == NULL) return FAILED;
    inputs->items[inputs->count++] = item;
  }
  return DONE;
}

/* Adds a pair to the other arguments; takes over the reference to `where`. */
static Outcome add_other(Inputs *inputs, PyObject *where, PyObject *value) {
  if (where == NULL) return FAILED;
  if (inputs->others == NULL) inputs->others = PyList_New(0);
  int failed = inputs->others == NULL || PyList_Append(inputs->others, where) || PyList_Append(inputs->others, value);
  Py_DECREF(where);
  return failed ? FAILED : DONE;
}

static Outcome add_sequence(Handler *self, Inputs *inputs, PyObject *sequence, long where) {
  for (Py_ssize_t index = 0; index < PySequence_Fast_GET_SIZE(sequence); index++) {
    PyObject *item = Py_NewRef(PySequence_Fast_GET_ITEM(sequence, index));
    int tensor = is_tensor_type(self, Py_TYPE(item));
    Outcome outcome = FAILED;
    if (tensor > 0) outcome = add_tensor(self, inputs, item, NULL);
    if (tensor == 0) outcome = add_other(inputs, Py_BuildValue("(ln)", where, inputs->count), item);
    Py_DECREF(item);
    if (outcome != DONE) return outcome;
  }
  return DONE;
}

/* 1: the op writes to this argument without reading it, 0: it does not; 2: Python's part must tell; -1: an error. */
static int is_unread(Handler *self, Call *call, PyObject *where, long position, PyObject *keywords) {
  PyObject *write_only = SLOT(self, info, write_only, call->info);
  if (SLOT(self, info, mark, call->info) != Py_None) return 2;
  int written = PySet_GET_SIZE(write_only) ? PySet_Contains(write_only, where) : 0;
  if (written) return written;
  if (SLOT(self, info, accumulates, call->info) == Py_True) /* with beta 0 it is not read */
    return position == 0 && PyDict_GET_SIZE(keywords) ? 2 : 0;
  return PySet_GET_SIZE(write_only) ? 0 : 2;
}

static Outcome add_positional(Handler *self, Call *call, Inputs *inputs, PyObject *args, PyObject *keywords) {
  int careful = SLOT(self, info, careful, call->info) == Py_True;
  for (long where = 0; where < PyTuple_GET_SIZE(args); where++) {
    PyObject *value = PyTuple_GET_ITEM(args, where);
    int tensor = is_tensor_type(self, Py_TYPE(value));
    int sequence = 0;
    if (tensor == 0 && (PyList_CheckExact(value) || PyTuple_CheckExact(value)) && PySequence_Fast_GET_SIZE(value)) {
      PyObject *head = PySequence_Fast_GET_ITEM(value, 0);
      sequence = head == Py_None ? 1 : is_tensor_type(self, Py_TYPE(head));
    }
    if (tensor < 0 || sequence < 0) return FAILED;
    if (careful && (tensor || sequence)) {
      PyObject *position = PyLong_FromLong(where);
      int unread = position == NULL ? -1 : is_unread(self, call, position, where, keywords);
      Py_XDECREF(position);
      if (unread < 0 || unread == 2) return unread < 0 ? FAILED : NOT_PLAIN;
      if (unread) continue;
    }
    Outcome outcome;
    if (tensor) {
      outcome = add_tensor(self, inputs, value, where == 0 ? &call->first : NULL);
    } else if (sequence) {
      outcome = add_sequence(self, inputs, value, where);
    } else {
      outcome = add_other(inputs, PyLong_FromLong(where), value);
    }
    if (outcome != DONE) return outcome;
  }
  return DONE;
}

static Outcome add_keywords(Handler *self, Call *call, Inputs *inputs, PyObject *keywords) {
  PyObject *where, *value;
  Py_ssize_t position = 0;
  PyObject *write_only = SLOT(self, info, write_only, call->info);
  while (PyDict_Next(keywords, &position, &where, &value)) {
    int left_out = PySet_GET_SIZE(write_only) ? PySet_Contains(write_only, where) : 0;
    int tensor = left_out ? 0 : is_tensor_type(self, Py_TYPE(value));
    if (left_out < 0 || tensor < 0) return FAILED;
    if (tensor) return NOT_PLAIN;
    if (!left_out && add_other(inputs, Py_NewRef(where), value) != DONE) return FAILED;
  }
  return DONE;
}

/* Fills in content, first, count, inputs and arguments. Changes nothing anywhere. */
static Outcome read_inputs(Handler *self, Call *call, PyObject *args, PyObject *keywords) {
  Inputs inputs;
  inputs_start(&inputs);
  Outcome outcome = add_positional(self, call, &inputs, args, keywords);
  if (outcome == DONE && PyDict_GET_SIZE(keywords)) outcome = add_keywords(self, call, &inputs, keywords);
  if (outcome == DONE && inputs.count) {
    call->content = PyTuple_New(inputs.count);
    if (call->content == NULL) {
      outcome = FAILED;
    } else {
      call->count = inputs.count >> 2;
      for (Py_ssize_t index = 0; index < inputs.count; index++)
        PyTuple_SET_ITEM(call->content, index, inputs.items[index]);
      inputs.count = 0; /* they are the tuple's now */
      Py_hash_t hash = PyObject_Hash(call->content);
      if (hash == -1) outcome = FAILED;
      call->inputs = (uint64_t)(int64_t)hash;
    }
  }
  if (outcome == DONE && inputs.others != NULL) outcome = digest_values(self, inputs.others, &call->arguments);
  inputs_clear(&inputs);
  return outcome;
}

#endif
