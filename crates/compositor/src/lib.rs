//! Layers into one framebuffer: collect, plan, record, submit, present.
