/* What an operator gave: a new tensor, one written in place, a number; anything else goes to Python's part. */
#ifndef RESULTS_H
#define RESULTS_H

#include "inputs.h"
#include "rows.h"

/* Fills in the numbers of a call's event, those of its tensor left out. */
static int describe(Handler *self, Call *call, uint64_t digest, uint64_t *numbers) {
  PyObject *step = PyObject_GetAttr(self->context, self->s_step);
  if (step == NULL) return -1;
  PyObject *given[] = {step, SLOT(self, info, id, call->info), call->module, call->site,
                       SLOT(self, state, index, call->state)};
  static const int where[] = {STEP, OPERATOR, MODULE, SITE, THREAD};
  for (int index = 0; index < 5; index++) numbers[where[index]] = PyLong_AsUnsignedLongLong(given[index]);
  Py_DECREF(step);
  numbers[PHASE] = (uint64_t)call->phase;
  numbers[FLAGS] = (uint64_t)call->flags;
  numbers[COUNT] = (uint64_t)call->count;
  numbers[INPUTS] = call->inputs;
  numbers[ARGUMENTS] = call->arguments;
  numbers[DIGEST] = digest;
  numbers[SPEC] = numbers[ROLE] = 0;
  return PyErr_Occurred() ? -1 : 0;
}

/* The event of a call whose one tensor has this digest. */
static Outcome write_call(Handler *self, Call *call, PyObject *digest, PyObject *spec, int role) {
  uint64_t numbers[NUMBERS];
  unsigned long long bits = PyLong_AsUnsignedLongLong(digest);
  if (PyErr_Occurred() || describe(self, call, bits, numbers)) return FAILED;
  numbers[SPEC] = PyLong_AsUnsignedLongLong(spec);
  numbers[ROLE] = (uint64_t)role;
  return PyErr_Occurred() ? FAILED : write_event(self, numbers);
}

/* A number that an operator gave. */
static Outcome settle_number(Handler *self, Call *call, PyObject *result) {
  uint64_t digest, numbers[NUMBERS];
  PyObject *values = PyList_New(1);
  if (values == NULL) return FAILED;
  PyList_SET_ITEM(values, 0, Py_NewRef(result));
  Outcome outcome = digest_values(self, values, &digest);
  Py_DECREF(values);
  if (outcome == DONE) outcome = describe(self, call, digest, numbers) ? FAILED : pack_bare(self, numbers);
  return outcome;
}

/* 1 where what is remembered of a storage, (dtype, geometry, bytes, seed, spec, address), is true of the tensor. */
static int still_true(Handler *self, PyObject *whole, PyObject *result, PyObject **geometry) {
  if (whole == NULL || !PyTuple_CheckExact(whole) || PyTuple_GET_SIZE(whole) != 6) return 0;
  PyObject *remembered = PyTuple_GET_ITEM(whole, 1);
  if (!PyList_CheckExact(remembered) || PyList_GET_SIZE(remembered) != 3) return 0;
  PyObject *address = PyObject_CallMethodNoArgs(result, self->s_data_ptr);
  if (address == NULL) return -1;
  int same = PyObject_RichCompareBool(PyTuple_GET_ITEM(whole, 5), address, Py_EQ);
  Py_DECREF(address);
  for (int index = 0; index < 3 && same > 0; index++)
    same = PyObject_RichCompareBool(PyList_GET_ITEM(remembered, index), geometry[index], Py_EQ);
  if (same <= 0) return same;
  PyObject *dtype = PyObject_GetAttr(result, self->s_dtype);
  if (dtype == NULL) return -1;
  same = dtype == PyTuple_GET_ITEM(whole, 0);
  Py_DECREF(dtype);
  return same;
}

/* What is known of tensors of a dtype and shape, (spec, bytes, view, seed), as a new reference. */
static PyObject *known_spec(Handler *self, PyObject *result) {
  PyObject *dtype = PyObject_GetAttr(result, self->s_dtype);
  PyObject *shape = dtype == NULL ? NULL : PyObject_GetAttr(result, self->s_shape);
  PyObject *key = shape == NULL ? NULL : PyTuple_Pack(2, dtype, shape);
  PyObject *known = key == NULL ? NULL : PyDict_GetItemWithError(self->known, key);
  Py_XINCREF(known);
  if (key != NULL && known == NULL && !PyErr_Occurred()) {
    PyObject *arguments[] = {dtype, shape};
    known = PyObject_Vectorcall(self->learn_spec, arguments, 2, NULL);
  }
  Py_XDECREF(key);
  Py_XDECREF(shape);
  Py_XDECREF(dtype);
  return known;
}

/* The address of a plain tensor on the CPU; NULL without an error for any other. */
static void *plain_address(Handler *self, PyObject *result) {
  void *address = NULL;
  PyObject *answer = PyObject_GetAttr(result, self->s_is_cpu);
  if (answer == Py_True) {
    Py_DECREF(answer);
    answer = PyObject_CallMethodNoArgs(result, self->s_is_contiguous);
  }
  if (answer == Py_True) {
    Py_DECREF(answer);
    answer = PyObject_CallMethodNoArgs(result, self->s_data_ptr);
    if (answer != NULL) address = PyLong_AsVoidPtr(answer);
  }
  Py_XDECREF(answer);
  if (PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_RuntimeError)) PyErr_Clear(); /* sparse, mkldnn, functorch */
  return address;
}

/* 1 where a tensor of so many bytes fills its storage. */
static int fills(Handler *self, PyObject *tensor, Py_ssize_t size) {
  PyObject *storage = PyObject_CallMethodNoArgs(tensor, self->s_untyped_storage);
  if (storage == NULL) return -1;
  PyObject *bytes = PyObject_CallMethodNoArgs(storage, self->s_nbytes);
  Py_DECREF(storage);
  if (bytes == NULL) return -1;
  Py_ssize_t there = PyLong_AsSsize_t(bytes);
  Py_DECREF(bytes);
  return there == -1 && PyErr_Occurred() ? -1 : size >= there;
}

/* What was written in place: new digest and spec of a tensor that fills its storage, as `Recorder.learn_whole` sees it,
 * without remembering anything of the tensor: most are written once. */
static Outcome digest_whole(Handler *self, PyObject *result, PyObject **digest, PyObject **spec) {
  PyObject *known = known_spec(self, result);
  if (known == NULL) return FAILED;
  void *address = NULL;
  if (PyTuple_CheckExact(known) && PyTuple_GET_SIZE(known) == 4 && PyTuple_GET_ITEM(known, 2) != Py_None)
    address = plain_address(self, result);
  Py_ssize_t size = address == NULL || PyErr_Occurred() ? -1 : PyLong_AsSsize_t(PyTuple_GET_ITEM(known, 1));
  int whole = size < 0 ? 0 : fills(self, result, size);
  if (whole > 0) {
    *digest = digest_memory(self, address, size, PyTuple_GET_ITEM(known, 3));
    *spec = Py_NewRef(PyTuple_GET_ITEM(known, 0));
  }
  Py_DECREF(known);
  return PyErr_Occurred() ? FAILED : whole ? DONE : NOT_PLAIN;
}

/* The same from what is remembered of a storage that is written again and again, by an optimizer mostly. */
static Outcome digest_remembered(Handler *self, PyObject *result, PyObject *key, PyObject *whole, PyObject **geometry,
                                 PyObject **digest, PyObject **spec) {
  int good = still_true(self, whole, result, geometry);
  if (good < 0) return FAILED;
  if (!good) {
    PyObject *arguments[] = {result, key};
    whole = PyObject_Vectorcall(self->learn_whole, arguments, 2, NULL);
    if (whole == NULL) return FAILED;
  } else {
    Py_INCREF(whole);
  }
  if (whole != Py_None) {
    *digest = digest_of(self, PyTuple_GET_ITEM(whole, 2), PyTuple_GET_ITEM(whole, 3));
    *spec = Py_NewRef(PyTuple_GET_ITEM(whole, 4));
  }
  Outcome outcome = whole == Py_None ? NOT_PLAIN : *digest == NULL ? FAILED : DONE;
  Py_DECREF(whole);
  return outcome;
}

static Outcome settle_written(Handler *self, Call *call, PyObject *result, PyObject *args) {
  PyObject *key = call->first, *digest = NULL, *spec = NULL;
  if (key == NULL || PyTuple_GET_ITEM(args, 0) != result) return NOT_PLAIN;
  PyObject *entry = PyDict_GetItemWithError(self->entries, key);
  if (entry == NULL || !PyLong_CheckExact(entry)) return PyErr_Occurred() ? FAILED : NOT_PLAIN;
  PyObject *whole = PyDict_GetItemWithError(self->wholes, key);
  if (whole == NULL && PyErr_Occurred()) return FAILED;
  Outcome outcome;
  if (whole == NULL) {
    outcome = PyDict_SetItem(self->wholes, key, Py_None) ? FAILED : digest_whole(self, result, &digest, &spec);
  } else {
    Py_INCREF(whole);
    PyObject **geometry = ((PyTupleObject *)call->content)->ob_item + 1;
    outcome = digest_remembered(self, result, key, whole, geometry, &digest, &spec);
    Py_DECREF(whole);
  }
  if (outcome == DONE && PyDict_SetItem(self->entries, key, digest)) outcome = FAILED;
  if (outcome == DONE) outcome = write_call(self, call, digest, spec, MUTATED);
  Py_XDECREF(digest);
  Py_XDECREF(spec);
  return outcome;
}

/* Holds on to the storage of a new tensor as `StorageMap.put` does; returns its key. NULL: an error, or, without one,
 * the storage is no new one. */
static PyObject *hold(Handler *self, PyObject *result) {
  PyObject *storage = PyObject_CallMethodNoArgs(result, self->s_untyped_storage);
  if (storage == NULL) return NULL;
  PyObject *key = PyObject_CallMethodNoArgs(storage, self->s__weak_ref);
  Py_DECREF(storage);
  if (key == NULL) return NULL;
  int there = PyDict_Contains(self->entries, key);
  if (there == 0) return key;
  PyObject *freed = there < 0 ? NULL : PyObject_CallOneArg(self->forget_storage, key);
  Py_XDECREF(freed);
  Py_DECREF(key);
  return NULL;
}

static int prune_if_full(Handler *self) {
  PyObject *limit = PyObject_GetAttr(self->storages, self->s_limit);
  long room;
  if (limit == NULL) return -1;
  if (small_int(limit, &room)) {
    PyErr_SetString(PyExc_TypeError, "the limit of the storages is no small int");
    Py_DECREF(limit);
    return -1;
  }
  Py_DECREF(limit);
  if (PyDict_GET_SIZE(self->entries) < room) return 0;
  PyObject *done = PyObject_CallNoArgs(self->prune);
  Py_XDECREF(done);
  return done == NULL ? -1 : 0;
}

static Outcome settle_new(Handler *self, Call *call, PyObject *result) {
  PyObject *known = known_spec(self, result);
  if (known == NULL) return FAILED;
  Outcome outcome = NOT_PLAIN;
  void *address = NULL;
  if (PyTuple_CheckExact(known) && PyTuple_GET_SIZE(known) == 4 && PyTuple_GET_ITEM(known, 2) != Py_None)
    address = plain_address(self, result);
  PyObject *key = address == NULL ? NULL : hold(self, result);
  if (key != NULL) {
    Py_ssize_t size = PyLong_AsSsize_t(PyTuple_GET_ITEM(known, 1));
    PyObject *digest = size < 0 ? NULL : digest_memory(self, address, size, PyTuple_GET_ITEM(known, 3));
    outcome = digest == NULL || prune_if_full(self) || PyDict_SetItem(self->entries, key, digest) ? FAILED : DONE;
    if (outcome == DONE) outcome = write_call(self, call, digest, PyTuple_GET_ITEM(known, 0), OUTPUT);
    Py_XDECREF(digest);
    Py_DECREF(key);
  }
  Py_DECREF(known);
  return PyErr_Occurred() ? FAILED : outcome;
}

/* Whatever is not plain of what an operator gave. */
static Outcome settle_other(Handler *self, Call *call, PyObject *result, PyObject *args, PyObject *keywords) {
  PyObject *done = NULL;
  PyObject *numbers = Py_BuildValue("(llOOOlKK)", call->phase, call->flags, call->module, call->site,
                                    SLOT(self, state, index, call->state), call->count,
                                    (unsigned long long)call->inputs, (unsigned long long)call->arguments);
  if (numbers != NULL) {
    PyObject *arguments[] = {call->info, result, args, keywords, numbers};
    done = PyObject_Vectorcall(self->settle, arguments, 5, NULL);
  }
  Py_XDECREF(numbers);
  Py_XDECREF(done);
  return done == NULL ? FAILED : DONE;
}

static Outcome settle(Handler *self, Call *call, PyObject *result, PyObject *args, PyObject *keywords) {
  Outcome outcome = NOT_PLAIN;
  long fast;
  if (!small_int(SLOT(self, info, fast, call->info), &fast) && fast != SLOW) {
    int tensor = is_tensor_type(self, Py_TYPE(result));
    if (tensor < 0) return FAILED;
    PyTypeObject *kind = Py_TYPE(result);
    if (tensor) {
      outcome = fast == FAST_INPLACE ? settle_written(self, call, result, args) : settle_new(self, call, result);
    } else if (fast == FAST_OUTPUT && (kind == &PyFloat_Type || kind == &PyLong_Type || kind == &PyBool_Type)) {
      outcome = settle_number(self, call, result);
    }
  }
  return outcome == NOT_PLAIN ? settle_other(self, call, result, args, keywords) : outcome;
}

#endif
