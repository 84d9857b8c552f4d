// Triangles, pulled through their indices. Drawn multisampled into the surface's own texture, which `layer.wgsl` puts on the frame.

struct Varying {
    @builtin(position) position: vec4<f32>,
    @location(0) color: vec4<f32>,
    @location(1) normal: vec3<f32>,
}

fn mesh_index(i: u32) -> u32 {
    if !is(FLAG_INDEXED) { return i; }
    if is(FLAG_INDEX_U16) {
        let word = surface.height + i / 2u;
        if word >= arrayLength(&indices) { return 0xffffffffu; }
        return (indices[word] >> (16u * (i & 1u))) & 0xffffu;
    }
    let word = surface.height + i;
    if word >= arrayLength(&indices) { return 0xffffffffu; }
    return indices[word];
}

@vertex
fn vertex(@builtin(vertex_index) i: u32) -> Varying {
    var out: Varying;
    out.position = DROPPED;
    // All three corners are looked at by each of them: a triangle with one bad vertex is dropped whole.
    let first = i - i % 3u;
    if first + 2u >= surface.width { return out; }
    var at: array<vec4<f32>, 3>;
    var own = 0u;
    for (var c = 0u; c < 3u; c++) {
        let index = mesh_index(first + c);
        if index >= surface.count { return out; }
        if first + c == i { own = index; }
        at[c] = item_position(index);
        if !finite(at[c]) || !finite(surface.transform * at[c]) { return out; }
    }
    out.position = clip_from_pixels(surface.transform * at[i % 3u]);
    out.color = item_color(own);
    if is(FLAG_NORMALS) {
        out.normal = item_direction(own);
    } else {
        out.normal = cross(at[1].xyz - at[0].xyz, at[2].xyz - at[0].xyz);
    }
    return out;
}

@fragment
fn fragment(in: Varying) -> @location(0) vec4<f32> {
    var color = in.color;
    if is(FLAG_LIT) {
        let size = length(in.normal);
        var facing = 0.0;
        if size > 0.0 { facing = dot(in.normal / size, surface.light.xyz); }
        // Half Lambert: it keeps form in the shade. Squared, since colors are encoded.
        let wrapped = 0.5 + 0.5 * facing;
        color = vec4<f32>(color.rgb * mix(wrapped * wrapped, 1.0, surface.light.w), color.a);
    }
    // Opacity and outline are the layer's: they apply to the picture, not to each triangle.
    return vec4<f32>(color.rgb * color.a, color.a);
}
