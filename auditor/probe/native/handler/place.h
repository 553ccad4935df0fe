/* Where an event belongs: phase, module and source line; what `CallSites.site_from` and `Nodes.place` do, where all of
 * it is known already. */
#ifndef PLACE_H
#define PLACE_H

#include "parts.h"

enum { FEW_NODES = 50000 }; /* when they are more, Python's part takes care of forgetting the oldest */

static PyObject *last_instruction(Handler *self, PyFrameObject *frame) {
#if PY_VERSION_HEX >= 0x030B0000
  (void)self;
  return PyLong_FromLong(PyFrame_GetLasti(frame));
#else
  return PyObject_GetAttr((PyObject *)frame, self->s_f_lasti);
#endif
}

/* A new reference to the site of a frame, NULL without an error where its table has none yet. */
static PyObject *known_site(Handler *self, PyObject *table, PyFrameObject *frame) {
  PyObject *sites = SLOT(self, table, sites, table);
  if (sites == NULL || !PyDict_CheckExact(sites)) return NULL;
  PyObject *key = last_instruction(self, frame);
  if (key == NULL) return NULL;
  PyObject *site = PyDict_GetItemWithError(sites, key);
  Py_XINCREF(site);
  Py_DECREF(key);
  return site;
}

/* The site of the nearest program frame at or outside `frame`, as a new int. */
static PyObject *site_from(Handler *self, PyFrameObject *start) {
  PyFrameObject *frame = start;
  PyFrameObject *nearest = NULL; /* owned, as `frame` and the tables are: a frame object that is made may start the
                                    collector, and a finaliser may fill the dictionary of the tables anew */
  PyObject *nearest_table = NULL, *table = NULL, *site = NULL;
  Py_INCREF(frame);
  while (frame != NULL) {
    PyCodeObject *code = PyFrame_GetCode(frame);
    PyObject *key = PyLong_FromVoidPtr(code);
    Py_DECREF(code); /* the frame holds it */
    set_slot(&table, Py_XNewRef(key == NULL ? NULL : PyDict_GetItemWithError(self->sites, key)));
    Py_XDECREF(key);
    if (table == NULL) break; /* not classified yet */
    if (table != Py_None) {
      if (Py_TYPE(table) != self->table_type) break;
      if (SLOT(self, table, in_project, table) == Py_True) {
        site = known_site(self, table, frame);
        break;
      }
      if (nearest == NULL) {
        nearest = (PyFrameObject *)Py_NewRef((PyObject *)frame);
        nearest_table = Py_NewRef(table);
      }
    }
    PyFrameObject *outer = PyFrame_GetBack(frame);
    Py_DECREF(frame);
    frame = outer;
  }
  if (frame == NULL) site = nearest == NULL ? Py_NewRef(self->zero) : known_site(self, nearest_table, nearest);
  Py_XDECREF(frame);
  Py_XDECREF(nearest);
  Py_XDECREF(nearest_table);
  Py_XDECREF(table);
  if (site == NULL && !PyErr_Occurred()) site = PyObject_CallOneArg(self->site_from, (PyObject *)start);
  return site;
}

/* Notes which call made an autograd node: nodes[sequence - 1] = (module, site, op), unless somebody was before us. */
static int note_node(Handler *self, PyObject *state, PyObject *sequence, PyObject *module, PyObject *site,
                     PyObject *id) {
  set_slot(&SLOT(self, state, last_sequence, state), Py_NewRef(sequence));
  long long number = PyLong_AsLongLong(sequence);
  if (number == -1 && PyErr_Occurred()) return -1;
  PyObject *key = PyLong_FromLongLong(number - 1);
  PyObject *place = PyTuple_Pack(3, module, site, id);
  int failed = key == NULL || place == NULL ||
               PyDict_SetDefault(SLOT(self, state, nodes, state), key, place) == NULL;
  Py_XDECREF(key);
  Py_XDECREF(place);
  return failed ? -1 : 0;
}

/* 1 where the number of the next autograd node is not the one last seen, which `sequence` then holds; else 0. */
static int sequence_moved(Handler *self, PyObject *state, PyObject **sequence) {
  *sequence = PyObject_CallNoArgs(self->next_sequence);
  if (*sequence == NULL) return -1;
  int same = PyObject_RichCompareBool(*sequence, SLOT(self, state, last_sequence, state), Py_EQ);
  if (same) Py_CLEAR(*sequence);
  return same < 0 ? -1 : !same;
}

/* Inside the backward pass of one thread, where nothing but the autograd engine lies between us and the program. */
static Outcome plain_backward(Handler *self, Call *call, PyObject *node, PyFrameObject *frame) {
  PyObject *state = call->state;
  if (SLOT(self, state, forward_open, state) != Py_False || PyDict_GET_SIZE(self->threads) != 1) return NOT_PLAIN;
  PyCodeObject *code = PyFrame_GetCode(frame);
  Py_DECREF(code);
  if ((PyObject *)code != self->boundary) return NOT_PLAIN;
  PyObject *sequence;
  int moved = sequence_moved(self, state, &sequence);
  Py_XDECREF(sequence);
  if (moved) return moved < 0 ? FAILED : NOT_PLAIN;
  PyObject *number = PyObject_CallMethodNoArgs(node, self->s__sequence_nr);
  if (number == NULL) return FAILED;
  PyObject *found = PyDict_GetItemWithError(SLOT(self, state, nodes, state), number);
  Py_DECREF(number);
  if (found == NULL) return PyErr_Occurred() ? FAILED : NOT_PLAIN;
  if (!PyTuple_CheckExact(found) || PyTuple_GET_SIZE(found) < 2) return NOT_PLAIN;
  call->module = Py_NewRef(PyTuple_GET_ITEM(found, 0));
  call->site = Py_NewRef(PyTuple_GET_ITEM(found, 1));
  call->flags = BACKWARD_SITE;
  return DONE;
}

static Outcome backward_place(Handler *self, Call *call, PyObject *node, PyFrameObject *frame) {
  call->phase = BACKWARD;
  Outcome outcome = plain_backward(self, call, node, frame);
  if (outcome != NOT_PLAIN) return outcome;
  PyObject *arguments[] = {call->state, node, (PyObject *)frame, call->info};
  PyObject *place = PyObject_Vectorcall(self->backward_place, arguments, 4, NULL);
  if (place == NULL) return FAILED;
  if (!PyTuple_CheckExact(place) || PyTuple_GET_SIZE(place) != 3 ||
      small_int(PyTuple_GET_ITEM(place, 2), &call->flags)) {
    Py_DECREF(place);
    return NOT_PLAIN;
  }
  call->module = Py_NewRef(PyTuple_GET_ITEM(place, 0));
  call->site = Py_NewRef(PyTuple_GET_ITEM(place, 1));
  Py_DECREF(place);
  return DONE;
}

/* Fills in module, site, phase and flags. Whatever it notes is noted the same when Python's part asks again. */
static Outcome find_place(Handler *self, Call *call) {
  PyObject *state = call->state;
  PyObject *site = SLOT(self, state, site, state);
  if (small_int(SLOT(self, state, phase, state), &call->phase)) return NOT_PLAIN;
  if (site != self->zero && PyObject_IsTrue(site)) { /* inside one of torch's own optimizers */
    call->site = Py_NewRef(site);
    call->module = Py_NewRef(SLOT(self, state, module, state));
    return DONE;
  }
  PyFrameObject *frame = PyEval_GetFrame();
  if (frame == NULL) return NOT_PLAIN;
  PyObject *node = PyObject_CallNoArgs(self->current_node);
  if (node == NULL) return FAILED;
  if (node != Py_None) {
    Outcome outcome = backward_place(self, call, node, frame);
    Py_DECREF(node);
    return outcome;
  }
  Py_DECREF(node);
  if (call->phase == OPEN) {
    PyObject *enabled = PyObject_CallNoArgs(self->grad_enabled);
    if (enabled == NULL) return FAILED;
    call->phase = enabled == Py_True ? FORWARD : OTHER;
    Py_DECREF(enabled);
  }
  call->module = Py_NewRef(SLOT(self, state, module, state));
  call->site = site_from(self, frame);
  if (call->site == NULL) return FAILED;
  PyObject *sequence;
  int moved = sequence_moved(self, state, &sequence);
  if (moved > 0) moved = note_node(self, state, sequence, call->module, call->site, SLOT(self, info, id, call->info));
  Py_XDECREF(sequence);
  return moved < 0 ? FAILED : DONE;
}

/* A call without an event, which may have made an autograd node all the same: what `Nodes.note` does. */
static Outcome note_view(Handler *self, Call *call) {
  PyObject *sequence, *state = call->state;
  int moved = sequence_moved(self, state, &sequence);
  if (moved <= 0) return moved < 0 ? FAILED : DONE;
  PyFrameObject *frame = PyEval_GetFrame();
  PyObject *node = PyObject_CallNoArgs(self->current_node);
  Outcome outcome = node == NULL ? FAILED : NOT_PLAIN;
  if (node == Py_None && frame != NULL && PyDict_GET_SIZE(SLOT(self, state, nodes, state)) < FEW_NODES) {
    PyObject *site = SLOT(self, state, site, state);
    call->site = PyObject_IsTrue(site) ? Py_NewRef(site) : site_from(self, frame);
    call->module = Py_NewRef(SLOT(self, state, module, state));
    int failed = call->site == NULL ||
                 note_node(self, state, sequence, call->module, call->site, SLOT(self, info, id, call->info));
    outcome = failed ? FAILED : DONE;
  }
  Py_XDECREF(node);
  Py_DECREF(sequence);
  return outcome;
}

#endif
