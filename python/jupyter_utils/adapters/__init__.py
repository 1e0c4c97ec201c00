"""Other programs' parts that are not public: each program has one module here, so that a new release has one place."""
