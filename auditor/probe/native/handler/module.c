/* The module: one type, made by `Handler(parts, types)`. The file that is compiled. */
#include "handler.c"

typedef struct {
  const char *name;
  size_t offset;
} Field;

static const Field PART_FIELDS[] = {
#define X(name) {#name, offsetof(Handler, name)},
    PARTS(X)
#undef X
};
static const Field TYPE_FIELDS[] = {
#define X(name) {#name, offsetof(Handler, name##_type)},
    TYPES(X)
#undef X
};
static const Field NAME_FIELDS[] = {
#define X(name) {#name, offsetof(Handler, s_##name)},
    NAMES(X)
#undef X
};
static const struct {
  const char *name;
  size_t type, offset;
} SLOT_FIELDS[] = {
#define X(type, name) {#name, offsetof(Handler, type##_type), offsetof(Handler, type##_##name)},
    SLOTS(X)
#undef X
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define FIELD(self, offset) (*(PyObject **)((char *)(self) + (offset)))

static int handler_traverse(PyObject *self, visitproc visit, void *arg) {
  Py_VISIT(Py_TYPE(self));
  for (size_t index = 0; index < COUNT_OF(PART_FIELDS); index++) Py_VISIT(FIELD(self, PART_FIELDS[index].offset));
  for (size_t index = 0; index < COUNT_OF(TYPE_FIELDS); index++) Py_VISIT(FIELD(self, TYPE_FIELDS[index].offset));
  return 0;
}

static int handler_clear(PyObject *self) {
  for (size_t index = 0; index < COUNT_OF(PART_FIELDS); index++) Py_CLEAR(FIELD(self, PART_FIELDS[index].offset));
  for (size_t index = 0; index < COUNT_OF(TYPE_FIELDS); index++) Py_CLEAR(FIELD(self, TYPE_FIELDS[index].offset));
  return 0;
}

static void handler_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  Handler *handler = (Handler *)self;
  PyObject_GC_UnTrack(self);
  handler_clear(self);
  for (size_t index = 0; index < COUNT_OF(NAME_FIELDS); index++) Py_CLEAR(FIELD(self, NAME_FIELDS[index].offset));
  Py_XDECREF(handler->zero);
  Py_XDECREF(handler->no_keywords);
  Py_XDECREF((PyObject *)handler->span);
  Py_XDECREF((PyObject *)handler->span_type);
  type->tp_free(self);
  Py_DECREF(type);
}

/* Where a slot of a Python class lies; -1 with an error where it has none of that name. */
static Py_ssize_t slot_offset(PyObject *type, const char *name) {
  PyObject *member = PyObject_GetAttrString(type, name);
  if (member == NULL) return -1;
  Py_ssize_t offset = -1;
  if (Py_TYPE(member) == &PyMemberDescr_Type && ((PyMemberDescrObject *)member)->d_member->type == T_OBJECT_EX)
    offset = ((PyMemberDescrObject *)member)->d_member->offset;
  if (offset < 0) PyErr_Format(PyExc_TypeError, "%R has no slot %s", type, name);
  Py_DECREF(member);
  return offset;
}

static int take(Handler *self, PyObject *parts, PyObject *types) {
  for (size_t index = 0; index < COUNT_OF(PART_FIELDS); index++) {
    PyObject *part = PyDict_GetItemString(parts, PART_FIELDS[index].name);
    if (part == NULL) {
      PyErr_Format(PyExc_KeyError, "part %s", PART_FIELDS[index].name);
      return -1;
    }
    FIELD(self, PART_FIELDS[index].offset) = Py_NewRef(part);
  }
  for (size_t index = 0; index < COUNT_OF(TYPE_FIELDS); index++) {
    PyObject *type = PyDict_GetItemString(types, TYPE_FIELDS[index].name);
    if (type == NULL || !PyType_Check(type)) {
      PyErr_Format(PyExc_KeyError, "type %s", TYPE_FIELDS[index].name);
      return -1;
    }
    FIELD(self, TYPE_FIELDS[index].offset) = Py_NewRef(type);
  }
  for (size_t index = 0; index < COUNT_OF(SLOT_FIELDS); index++) {
    Py_ssize_t offset = slot_offset(FIELD(self, SLOT_FIELDS[index].type), SLOT_FIELDS[index].name);
    if (offset < 0) return -1;
    *(Py_ssize_t *)((char *)self + SLOT_FIELDS[index].offset) = offset;
  }
  for (size_t index = 0; index < COUNT_OF(NAME_FIELDS); index++) {
    PyObject *name = PyUnicode_InternFromString(NAME_FIELDS[index].name);
    if (name == NULL) return -1;
    FIELD(self, NAME_FIELDS[index].offset) = name;
  }
  return 0;
}

/* Parts whose kind the code relies on. */
static int check_parts(Handler *self) {
  PyObject *dictionaries[] = {self->entries, self->infos, self->known, self->sites, self->threads, self->wholes};
  for (size_t index = 0; index < COUNT_OF(dictionaries); index++)
    if (!PyDict_CheckExact(dictionaries[index])) goto wrong;
  if (!PySet_Check(self->content_types)) goto wrong;
  if (Py_TYPE(self->events) != self->file_type || Py_TYPE(self->rows) != self->file_type) goto wrong;
  return 0;
wrong:
  PyErr_SetString(PyExc_TypeError, "a part of the handler is of the wrong kind");
  return -1;
}

static PyObject *handler_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
  PyObject *parts, *types;
  if (keywords != NULL && PyDict_GET_SIZE(keywords)) {
    PyErr_SetString(PyExc_TypeError, "Handler takes no keywords");
    return NULL;
  }
  if (!PyArg_ParseTuple(args, "O!O!", &PyDict_Type, &parts, &PyDict_Type, &types)) return NULL;
  Handler *self = (Handler *)type->tp_alloc(type, 0);
  if (self == NULL) return NULL;
  self->call = handler_call;
  self->zero = PyLong_FromLong(0);
  self->no_keywords = PyDict_New();
  self->span_type = (PyTypeObject *)PyType_FromSpec(&span_spec);
  if (self->no_keywords == NULL || self->span_type == NULL || take(self, parts, types) || check_parts(self)) {
    Py_DECREF(self);
    return NULL;
  }
  return (PyObject *)self;
}

static PyObject *handler_bind(PyObject *self, PyObject *object, PyObject *type) {
  (void)type;
  return object == NULL || object == Py_None ? Py_NewRef(self) : PyMethod_New(self, object);
}

static PyMemberDef handler_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Handler, call), READONLY, NULL}, {NULL, 0, 0, 0, NULL}};

static PyType_Slot handler_slots[] = {{Py_tp_new, handler_new},           {Py_tp_dealloc, handler_dealloc},
                                      {Py_tp_traverse, handler_traverse}, {Py_tp_clear, handler_clear},
                                      {Py_tp_call, PyVectorcall_Call},    {Py_tp_descr_get, handler_bind},
                                      {Py_tp_members, handler_members},   {0, NULL}};

static PyType_Spec handler_spec = {"repro_audit_handler.Handler", sizeof(Handler), 0,
                                   Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL, handler_slots};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "repro_audit_handler", NULL, -1, NULL, NULL, NULL, NULL,
                                        NULL};

PyMODINIT_FUNC PyInit_repro_audit_handler(void) {
  if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
    PyErr_SetString(PyExc_ImportError, "the compiled handler works in the main interpreter only");
    return NULL;
  }
  PyObject *type = PyType_FromSpec(&handler_spec);
  PyObject *module = type == NULL ? NULL : PyModule_Create(&definition);
  if (module != NULL && PyModule_AddObject(module, "Handler", type) == 0) return module;
  Py_XDECREF(type);
  Py_XDECREF(module);
  return NULL;
}
