// An RGBA8 image, row 0 at the top, read straight from the guest's buffer.

@vertex
fn vertex(@builtin(vertex_index) i: u32) -> @builtin(position) vec4<f32> {
    return rect_corner(i);
}

// Premultiplied color of a pixel; the edge pixels go on outside.
fn texel(x: i32, y: i32) -> vec4<f32> {
    let cx = u32(clamp(x, 0, i32(surface.width) - 1));
    let cy = u32(clamp(y, 0, i32(surface.height) - 1));
    let color = unpack4x8unorm(positions[surface.position.offset + cy * surface.position.stride + cx]);
    // Said to be opaque: nothing was drawn below, so no alpha may let it through.
    if is(FLAG_OPAQUE) { return vec4<f32>(color.rgb, 1.0); }
    if is(FLAG_PREMULTIPLIED) { return color; }
    return vec4<f32>(color.rgb * color.a, color.a);
}

@fragment
fn fragment(@builtin(position) at: vec4<f32>) -> @location(0) vec4<f32> {
    let size = vec2<f32>(f32(surface.width), f32(surface.height));
    let p = (at.xy - surface.rect.xy) / surface.rect.zw * size;
    var color: vec4<f32>;
    if is(FLAG_LINEAR) {
        let q = p - vec2<f32>(0.5);
        let base = floor(q);
        let f = q - base;
        let x = i32(base.x);
        let y = i32(base.y);
        color = mix(mix(texel(x, y), texel(x + 1, y), f.x), mix(texel(x, y + 1), texel(x + 1, y + 1), f.x), f.y);
    } else {
        color = texel(i32(floor(p.x)), i32(floor(p.y)));
    }
    return color * surface.opacity * outline(at.xy);
}
