// The finished frame onto a window's image, pixel by pixel.

@group(0) @binding(0) var frame: texture_2d<f32>;

@vertex
fn vertex(@builtin(vertex_index) i: u32) -> @builtin(position) vec4<f32> {
    return vec4<f32>(f32(i & 1u) * 4.0 - 1.0, f32(i >> 1u) * 4.0 - 1.0, 0.0, 1.0);
}

@fragment
fn fragment(@builtin(position) at: vec4<f32>) -> @location(0) vec4<f32> {
    let size = vec2<i32>(textureDimensions(frame));
    return textureLoad(frame, min(vec2<i32>(floor(at.xy)), size - vec2<i32>(1)), 0);
}
