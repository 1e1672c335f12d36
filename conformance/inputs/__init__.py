"""Where a run comes from: a folder, an archive of one, a file of all its processes, standard
input."""
