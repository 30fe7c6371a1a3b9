"""The kinds of evaluation tasks: a module each, which defines `KIND` (see `evaluation.kind.Kind`)."""
