/* Writes an event with one tensor straight into the writer's maps, as `Writer.make_op` does where there is room.
 *
 * Nothing in here lets another thread run, so the writer's lock is not needed: it is only ever held over a row that is
 * being packed, which `busy` tells, or over a file without room, which `end` tells. Those go to Python's part.
 */
#ifndef ROWS_H
#define ROWS_H

#include "parts.h"

typedef struct {
  unsigned char *at; /* of the row to write */
  Py_ssize_t index;
} Row;

static int next_row(Handler *self, PyObject *file, Py_ssize_t size, Py_buffer *view, Row *row) {
  long count, start, end;
  if (small_int(SLOT(self, file, count, file), &count) || small_int(SLOT(self, file, start, file), &start) ||
      small_int(SLOT(self, file, end, file), &end) || count >= end || count < start)
    return -1;
  PyObject *map = SLOT(self, file, map, file);
  if (map == NULL || PyObject_GetBuffer(map, view, PyBUF_WRITABLE)) {
    PyErr_Clear();
    return -1;
  }
  row->index = count;
  if ((count - start + 1) * size > view->len) {
    PyBuffer_Release(view);
    return -1;
  }
  row->at = (unsigned char *)view->buf + (count - start) * size;
  return 0;
}

static void put(unsigned char *at, uint64_t value, int size) {
  for (int byte = 0; byte < size; byte++) at[byte] = (unsigned char)(value >> 8 * byte);
}

/* The numbers of an event, in the order of Python's `write_op`. */
enum { PHASE, FLAGS, STEP, OPERATOR, MODULE, SITE, THREAD, COUNT, INPUTS, ARGUMENTS, DIGEST, SPEC, ROLE, NUMBERS };
static const int WIDTHS[NUMBERS] = {1, 2, 4, 4, 4, 4, 2, 2, 8, 8, 8, 4, 1};

static void pack_tensor(unsigned char *row, const uint64_t *numbers) {
  put(row, numbers[DIGEST], 8);
  put(row + 8, numbers[SPEC], 4);
  put(row + 12, numbers[ROLE], 1);
}

static void pack_event(unsigned char *row, const uint64_t *numbers, uint64_t tensors, uint64_t first_tensor) {
  put(row + 1, numbers[PHASE], 1);
  put(row + 2, numbers[FLAGS], 2);
  put(row + 4, numbers[STEP], 4);
  put(row + 8, numbers[OPERATOR], 4);
  put(row + 12, numbers[MODULE], 4);
  put(row + 16, numbers[SITE], 4);
  put(row + 20, numbers[THREAD], 2);
  put(row + 22, tensors, 2);
  put(row + 24, first_tensor, 4);
  put(row + 28, numbers[COUNT], 2);
  put(row + 32, numbers[INPUTS], 8);
  put(row + 40, numbers[ARGUMENTS], 8);
  put(row + 48, numbers[DIGEST], 8);
  __atomic_store_n(row, OP, __ATOMIC_RELEASE); /* last, for whoever reads the file as it grows */
}

static int advance(Handler *self, PyObject *file, Py_ssize_t index) {
  PyObject *count = PyLong_FromSsize_t(index + 1);
  if (count == NULL) return -1;
  set_slot(&SLOT(self, file, count, file), count);
  return 0;
}

static int may_pack(Handler *self, const uint64_t *numbers) {
  for (int index = 0; index < NUMBERS; index++)
    if (WIDTHS[index] < 8 && numbers[index] >> 8 * WIDTHS[index]) return 0;
  return SLOT(self, file, busy, self->events) == Py_False;
}

/* An event without tensors; `NOT_PLAIN`: not written, Python's part has to. */
static Outcome pack_bare(Handler *self, const uint64_t *numbers) {
  Py_buffer events;
  Row event;
  long first;
  if (!may_pack(self, numbers) || small_int(SLOT(self, file, count, self->rows), &first) || first >> 32 ||
      next_row(self, self->events, EVENT_SIZE, &events, &event))
    return NOT_PLAIN;
  pack_event(event.at, numbers, 0, (uint64_t)first);
  Outcome outcome = advance(self, self->events, event.index) ? FAILED : DONE;
  PyBuffer_Release(&events);
  return outcome;
}

/* An event with one tensor, likewise. */
static Outcome pack_rows(Handler *self, const uint64_t *numbers) {
  if (!may_pack(self, numbers)) return NOT_PLAIN;
  Py_buffer tensors, events;
  Row tensor, event;
  if (next_row(self, self->rows, TENSOR_SIZE, &tensors, &tensor)) return NOT_PLAIN;
  if (next_row(self, self->events, EVENT_SIZE, &events, &event)) {
    PyBuffer_Release(&tensors);
    return NOT_PLAIN;
  }
  Outcome outcome = NOT_PLAIN;
  if (!((uint64_t)tensor.index >> 32)) {
    pack_tensor(tensor.at, numbers);
    pack_event(event.at, numbers, 1, (uint64_t)tensor.index);
    outcome = advance(self, self->rows, tensor.index) || advance(self, self->events, event.index) ? FAILED : DONE;
  }
  PyBuffer_Release(&tensors);
  PyBuffer_Release(&events);
  return outcome;
}

static Outcome write_event(Handler *self, const uint64_t *numbers) {
  Outcome outcome = pack_rows(self, numbers);
  if (outcome != NOT_PLAIN) return outcome;
  PyObject *arguments[NUMBERS];
  int made = 0;
  while (made < NUMBERS && (arguments[made] = PyLong_FromUnsignedLongLong(numbers[made])) != NULL) made++;
  PyObject *done = made == NUMBERS ? PyObject_Vectorcall(self->write_op, arguments, NUMBERS, NULL) : NULL;
  while (made) Py_DECREF(arguments[--made]);
  Py_XDECREF(done);
  return done == NULL ? FAILED : DONE;
}

#endif
