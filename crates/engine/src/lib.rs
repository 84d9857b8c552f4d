//! The composition root: a manifest becomes a running app.
