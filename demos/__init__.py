"""Small networks on the engine, each to be read in one sitting: ``python -m demos``, or one of them by its name."""
