//! Golden-image comparison and fault injection for the tests.
