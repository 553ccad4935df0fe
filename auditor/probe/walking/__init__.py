"""Walking noise: the program trains undisturbed; when it has ended, its model is evaluated under noise on request."""
