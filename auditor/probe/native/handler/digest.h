/* Digests: the probe's own hash function is called, without an object of ctypes for every tensor. */
#ifndef DIGEST_H
#define DIGEST_H

#include "parts.h"

static int span_getbuffer(PyObject *self, Py_buffer *view, int flags) {
  Span *span = (Span *)self;
  return PyBuffer_FillInfo(view, self, (void *)span->at, span->size, 1, flags);
}

static PyType_Slot span_slots[] = {{Py_bf_getbuffer, span_getbuffer}, {0, NULL}};
static PyType_Spec span_spec = {"repro_audit_handler.Span", sizeof(Span), 0, Py_TPFLAGS_DEFAULT, span_slots};

/* The digest of an object with the buffer interface, as a new int. */
static PyObject *digest_of(Handler *self, PyObject *buffer, PyObject *seed) {
  PyObject *arguments[] = {buffer, seed};
  PyObject *digest = PyObject_Vectorcall(self->digest, arguments, 2, NULL);
  if (digest != NULL && !PyLong_CheckExact(digest)) {
    Py_DECREF(digest);
    PyErr_SetString(PyExc_TypeError, "a digest is no int");
    return NULL;
  }
  return digest;
}

static PyObject *digest_memory(Handler *self, const void *at, Py_ssize_t size, PyObject *seed) {
  Span *span = self->span;
  if (span != NULL) {
    self->span = NULL;
  } else { /* hashing lets other threads run, which hash, too */
    span = PyObject_New(Span, self->span_type);
    if (span == NULL) return NULL;
  }
  span->at = at;
  span->size = size;
  PyObject *digest = digest_of(self, (PyObject *)span, seed);
  if (self->span == NULL && Py_REFCNT(span) == 1) {
    self->span = span;
  } else {
    Py_DECREF(span);
  }
  return digest;
}

/* Does what the digest of marshal.dumps(values, 2) does. */
static Outcome digest_values(Handler *self, PyObject *values, uint64_t *digest) {
  PyObject *bytes = PyMarshal_WriteObjectToString(values, 2);
  if (bytes == NULL) return FAILED;
  PyObject *number = digest_of(self, bytes, self->zero);
  Py_DECREF(bytes);
  if (number == NULL) return FAILED;
  *digest = PyLong_AsUnsignedLongLongMask(number);
  Py_DECREF(number);
  return PyErr_Occurred() ? FAILED : DONE;
}

#endif
