//! Shared memory: regions, triple buffers, generational indices, lanes, wait and notify.
