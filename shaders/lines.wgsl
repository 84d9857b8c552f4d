// Lines: each segment is a capsule, a quad around it cut out by its distance, so that ends are round and strips join.

struct Varying {
    @builtin(position) position: vec4<f32>,
    // Pixels along the segment from its start, and across it.
    @location(0) local: vec2<f32>,
    @location(1) @interpolate(flat) start_color: vec4<f32>,
    @location(2) @interpolate(flat) end_color: vec4<f32>,
    // Length and half width, pixels.
    @location(3) @interpolate(flat) extent: vec2<f32>,
}

// Lines thinner than this are drawn this wide and dimmer.
const HALF_WIDTH_MIN: f32 = 0.5;

@vertex
fn vertex(@builtin(vertex_index) i: u32) -> Varying {
    let segment = i / 6u;
    var out: Varying;
    out.position = DROPPED;
    if segment >= surface.count { return out; }
    var a = segment * 2u;
    if is(FLAG_STRIP) { a = segment; }
    let from_data = item_position(a);
    let to_data = item_position(a + 1u);
    if !finite(from_data) || !finite(to_data) { return out; }
    let from_pixels = surface.transform * from_data;
    let to_pixels = surface.transform * to_data;
    // Segments that reach behind the camera are left out, not cut.
    if !ahead(from_pixels) || !ahead(to_pixels) { return out; }
    let start = from_pixels.xy / from_pixels.w;
    let end = to_pixels.xy / to_pixels.w;
    if !near(start) || !near(end) { return out; }

    let half = max(0.5 * surface.size, HALF_WIDTH_MIN);
    let reach = half + 1.0;
    if outside_window(min(start, end) - reach, max(start, end) + reach) { return out; }
    let span = length(end - start);
    var along = vec2<f32>(1.0, 0.0);
    if span > 1e-6 { along = (end - start) / span; }
    let across = vec2<f32>(-along.y, along.x);
    var corners = array<vec2<f32>, 6>(
        vec2<f32>(0.0, -1.0), vec2<f32>(1.0, -1.0), vec2<f32>(0.0, 1.0),
        vec2<f32>(0.0, 1.0), vec2<f32>(1.0, -1.0), vec2<f32>(1.0, 1.0),
    );
    let corner = corners[i % 6u];
    out.local = vec2<f32>(mix(-reach, span + reach, corner.x), corner.y * reach);
    out.position = vec4<f32>(ndc_from_pixels(start + along * out.local.x + across * out.local.y), 0.0, 1.0);
    out.start_color = item_color(a);
    out.end_color = item_color(a + 1u);
    out.extent = vec2<f32>(span, half);
    return out;
}

@fragment
fn fragment(in: Varying) -> @location(0) vec4<f32> {
    let on_axis = clamp(in.local.x, 0.0, in.extent.x);
    let distance = length(in.local - vec2<f32>(on_axis, 0.0)) - in.extent.y;
    let thin = min(0.5 * surface.size / in.extent.y, 1.0);
    let color = mix(in.start_color, in.end_color, on_axis / max(in.extent.x, 1e-6));
    return emitted(color, clamp(0.5 - distance, 0.0, 1.0) * thin * outline(in.position.xy));
}
