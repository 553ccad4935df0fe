"""Where the order of something unordered, a set or a listing of files, comes to count."""
