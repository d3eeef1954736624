//! A model that answers from a script, in the shapes of the providers.
