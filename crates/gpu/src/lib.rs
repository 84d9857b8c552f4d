//! The wgpu device and the import of shared textures and memory.
