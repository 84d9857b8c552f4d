// A grid of f32, row 0 at the top, through a color map. Read straight from the guest's buffer.

@vertex
fn vertex(@builtin(vertex_index) i: u32) -> @builtin(position) vec4<f32> {
    return rect_corner(i);
}

// Color and weight of a cell; a cell that is not finite is missing data and stays transparent.
fn cell(x: i32, y: i32) -> vec4<f32> {
    let cx = u32(clamp(x, 0, i32(surface.width) - 1));
    let cy = u32(clamp(y, 0, i32(surface.height) - 1));
    let bits = positions[surface.position.offset + cy * surface.position.stride + cx];
    if !finite_bits(bits) { return vec4<f32>(0.0); }
    return vec4<f32>(normalized(bitcast<f32>(bits)), 0.0, 0.0, 1.0);
}

@fragment
fn fragment(@builtin(position) at: vec4<f32>) -> @location(0) vec4<f32> {
    let size = vec2<f32>(f32(surface.width), f32(surface.height));
    let p = (at.xy - surface.rect.xy) / surface.rect.zw * size;
    var value: vec4<f32>;
    if is(FLAG_LINEAR) {
        // Values are interpolated, not colors, so that a ramp passes through the map.
        let q = p - vec2<f32>(0.5);
        let base = floor(q);
        let f = q - base;
        let x = i32(base.x);
        let y = i32(base.y);
        value = mix(mix(cell(x, y), cell(x + 1, y), f.x), mix(cell(x, y + 1), cell(x + 1, y + 1), f.x), f.y);
        if value.w > 0.0 { value.x /= value.w; }
    } else {
        value = cell(i32(floor(p.x)), i32(floor(p.y)));
    }
    let color = vec4<f32>(mapped(value.x), value.w) * surface.tint;
    return emitted(color, outline(at.xy));
}
