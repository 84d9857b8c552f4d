//! wasmtime: profiles, module cache, limits, kernels.
