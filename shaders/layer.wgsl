// A texture with premultiplied alpha, texel to pixel: the page, a panel, or the picture of a mesh.

@group(1) @binding(0) var layer: texture_2d<f32>;

@vertex
fn vertex(@builtin(vertex_index) i: u32) -> @builtin(position) vec4<f32> {
    return vec4<f32>(f32(i & 1u) * 4.0 - 1.0, f32(i >> 1u) * 4.0 - 1.0, 0.0, 1.0);
}

@fragment
fn fragment(@builtin(position) at: vec4<f32>) -> @location(0) vec4<f32> {
    // The texel at the target's corner, and by how many rows the texture goes on with each one of the target, travel in the position attribute's place.
    let first = vec2<i32>(bitcast<i32>(surface.position.offset), bitcast<i32>(surface.position.stride));
    let step = vec2<i32>(1, bitcast<i32>(surface.position.step));
    // Drawing is confined to where the texture is.
    let texel = textureLoad(layer, first + step * vec2<i32>(floor(at.xy)), 0);
    if !is(FLAG_EDGES) { return texel; }
    return texel * surface.opacity * outline(at.xy);
}
