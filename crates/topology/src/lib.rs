//! Which core does what: detection, the plan, pinned pools.
