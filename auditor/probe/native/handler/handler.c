/* The tracer's hot path, compiled: what auditor/probe/backends/handler.py does for the plain case.
 *
 * The plain case is a call whose inputs are all known and whose result is a number or one ordinary tensor on the CPU,
 * new or written in place. Whatever else comes up goes to Python's part: before the operator ran, the whole call (`python`), since
 * nothing was changed by then that it would not change the same way; after it ran, what it gave (`settle`). So both
 * paths write the same trace, byte for byte. An error in here is a problem record, or Python's part tries again.
 *
 * No header of torch's is needed: tensors are asked by the methods that Python code has, too. Built by
 * auditor/runs/hotpath.py; one interpreter a process.
 */
#include "inputs.h"
#include "place.h"
#include "results.h"

static PyObject *go_python(Handler *self, PyObject *const *given, size_t count, PyObject *names) {
  return PyObject_Vectorcall(self->python, given, count, names);
}

/* Reports the error that is set; leaves what is no `Exception` (an interrupt) to the program: -1. */
static int report(Handler *self, PyObject *info) {
  if (!PyErr_ExceptionMatches(PyExc_Exception)) return -1;
#if PY_VERSION_HEX >= 0x030C0000
  PyObject *error = PyErr_GetRaisedException();
#else
  PyObject *kind, *error, *traceback;
  PyErr_Fetch(&kind, &error, &traceback);
  PyErr_NormalizeException(&kind, &error, &traceback);
  Py_XDECREF(kind);
  Py_XDECREF(traceback);
#endif
  PyObject *arguments[] = {info, error};
  PyObject *done = PyObject_Vectorcall(self->problem, arguments, 2, NULL);
  Py_XDECREF(error);
  Py_XDECREF(done);
  return done == NULL ? -1 : 0;
}

static void call_clear(Call *call) {
  Py_XDECREF(call->module);
  Py_XDECREF(call->site);
  Py_XDECREF(call->first);
  Py_XDECREF(call->content);
}

/* Everything before the operator runs: not plain means that nothing was done yet. */
static Outcome prepare(Handler *self, Call *call, PyObject *args, PyObject *keywords) {
  PyObject *lazy = PyObject_GetAttr(self->inputs, self->s_lazy_bits);
  if (lazy == NULL) return FAILED;
  Py_DECREF(lazy);
  if (lazy != Py_False || SLOT(self, info, special, call->info) != Py_False) return NOT_PLAIN;
  Outcome outcome = read_inputs(self, call, args, keywords);
  return outcome == DONE ? find_place(self, call) : outcome;
}

static PyObject *call_operator(PyObject *operator, PyObject *args, PyObject *keywords) {
  Py_INCREF(operator); /* whatever it runs may replace it */
  PyObject *result = PyObject_Call(operator, args, keywords);
  Py_DECREF(operator);
  return result;
}

static PyObject *run_call(Handler *self, Call *call, PyObject *const *given, size_t count, PyObject *args,
                          PyObject *keywords) {
  PyObject *operator = SLOT(self, info, call, call->info);
  PyObject *passed = PyDict_GET_SIZE(keywords) ? keywords : NULL;
  long treatment;
  if (SLOT(self, state, paused, call->state) != self->zero) return call_operator(operator, args, passed);
  if (small_int(SLOT(self, info, treatment, call->info), &treatment)) return go_python(self, given, count, NULL);
  Outcome outcome = treatment == PASS ? note_view(self, call) : prepare(self, call, args, keywords);
  if (outcome != DONE) {
    if (PyErr_Occurred()) {
      if (!PyErr_ExceptionMatches(PyExc_Exception)) return NULL;
      PyErr_Clear(); /* Python's part comes across it again, and tells */
    }
    return go_python(self, given, count, NULL);
  }
  PyObject *result = call_operator(operator, args, passed);
  if (result == NULL || treatment == PASS) return result;
  if (settle(self, call, result, args, keywords) == FAILED && report(self, call->info)) Py_CLEAR(result);
  return result;
}

static PyObject *handler_call(PyObject *callable, PyObject *const *given, size_t flags, PyObject *names) {
  Handler *self = (Handler *)callable;
  size_t count = (size_t)PyVectorcall_NARGS(flags);
  if (names != NULL || count < 4 || count > 5) return go_python(self, given, flags, names);
  PyObject *types = given[2], *args = given[3];
  PyObject *keywords = count == 5 && given[4] != Py_None ? given[4] : self->no_keywords;
  if (!PyTuple_CheckExact(types) || !PyTuple_CheckExact(args) || !PyDict_CheckExact(keywords))
    return go_python(self, given, count, NULL);
  for (Py_ssize_t index = 0; index < PyTuple_GET_SIZE(types); index++) /* others may take their operators apart */
    if (PyTuple_GET_ITEM(types, index) != self->tensor_type) return go_python(self, given, count, NULL);
  Call call = {0};
  PyObject *key = PyLong_FromVoidPtr(given[1]);
  if (key != NULL) call.info = PyDict_GetItemWithError(self->infos, key);
  Py_XDECREF(key);
  key = PyLong_FromUnsignedLong(PyThread_get_thread_ident());
  if (key != NULL) call.state = PyDict_GetItemWithError(self->threads, key);
  Py_XDECREF(key);
  PyErr_Clear();
  if (call.info == NULL || call.state == NULL || Py_TYPE(call.info) != self->info_type ||
      Py_TYPE(call.state) != self->state_type)
    return go_python(self, given, count, NULL);
  Py_INCREF(call.info);
  Py_INCREF(call.state); /* a thread that ends takes it out of the dictionary */
  PyObject *result = run_call(self, &call, given, count, args, keywords);
  call_clear(&call);
  Py_DECREF(call.info);
  Py_DECREF(call.state);
  return result;
}
