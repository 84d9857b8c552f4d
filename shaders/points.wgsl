// Points: discs, squares, or darts that point along a velocity. One triangle each, its vertices pulled from the data; the shape
// is cut out by its distance, which antialiases it.

struct Varying {
    @builtin(position) position: vec4<f32>,
    @location(0) @interpolate(flat) color: vec4<f32>,
    // Pixels from the center; x along the velocity for darts.
    @location(1) local: vec2<f32>,
    // Radius of discs and squares, length of darts.
    @location(2) @interpolate(flat) extent: f32,
}

// Points thinner than this are drawn this wide and dimmer, so that they do not flicker as they move.
const RADIUS_MIN: f32 = 0.6;
const LENGTH_MIN: f32 = 2.0;

// The dart, for length 1, around its center of mass. The velocity is +x.
const NOSE: vec2<f32> = vec2<f32>(0.6, 0.0);
const TAIL: vec2<f32> = vec2<f32>(-0.4, 0.36);
const NOTCH: vec2<f32> = vec2<f32>(-0.22, 0.0);
const INCENTER_X: f32 = -0.1464;
const INRADIUS: f32 = 0.2536;

fn dart_corner(corner: u32, size: f32) -> vec2<f32> {
    // Scaled about the incenter, each side moves out by the same distance: just the room for the soft edge.
    let grow = 1.0 + 0.6 / (INRADIUS * size);
    var p = NOSE;
    if corner == 1u { p = TAIL; }
    if corner == 2u { p = vec2<f32>(TAIL.x, -TAIL.y); }
    let center = vec2<f32>(INCENTER_X, 0.0);
    return (center + (p - center) * grow) * size;
}

fn disc_corner(corner: u32, radius: f32) -> vec2<f32> {
    let r = radius + 0.6;
    if is(FLAG_ROUND) {
        // The equilateral triangle around the disc.
        let up = vec2<f32>(0.0, -2.0);
        if corner == 0u { return up * r; }
        if corner == 1u { return vec2<f32>(1.7320508, 1.0) * r; }
        return vec2<f32>(-1.7320508, 1.0) * r;
    }
    // The right-angled triangle around the square.
    if corner == 0u { return vec2<f32>(-r, -r); }
    if corner == 1u { return vec2<f32>(3.0 * r, -r); }
    return vec2<f32>(-r, 3.0 * r);
}

// Direction on the target of the data-space direction `d` at `p`; up where it has no usable length.
fn heading(p: vec4<f32>, d: vec3<f32>) -> vec2<f32> {
    let moved = surface.transform * vec4<f32>(d, 0.0);
    // The derivative of the perspective division, but for its length.
    let turned = moved.xy * p.w - p.xy * moved.w;
    let square = dot(turned, turned);
    if square > 1e-30 && square < 1e30 { return turned * inverseSqrt(square); }
    return vec2<f32>(0.0, -1.0);
}

@vertex
fn vertex(@builtin(vertex_index) i: u32) -> Varying {
    let item = i / 3u;
    let corner = i % 3u;
    var out: Varying;
    out.position = DROPPED;
    if item >= surface.count { return out; }
    let at = item_position(item);
    if !finite(at) { return out; }
    let p = surface.transform * at;
    if !ahead(p) { return out; }
    let center = p.xy / p.w;
    if !near(center) { return out; }
    // No shape reaches farther from its center than its size.
    let reach = vec2<f32>(max(surface.size, LENGTH_MIN) + 1.0);
    if outside_window(center - reach, center + reach) { return out; }
    var color = item_color(item);
    if color.a <= 0.0 { return out; }

    var offset: vec2<f32>;
    if is(FLAG_ORIENTED) {
        let size = max(surface.size, LENGTH_MIN);
        let along = heading(p, item_direction(item));
        out.local = dart_corner(corner, size);
        out.extent = size;
        offset = out.local.x * along + out.local.y * vec2<f32>(-along.y, along.x);
        let thin = min(surface.size / size, 1.0);
        color.a *= thin * thin;
    } else {
        let radius = max(0.5 * surface.size, RADIUS_MIN);
        out.local = disc_corner(corner, radius);
        out.extent = radius;
        offset = out.local;
        let thin = min(0.5 * surface.size / radius, 1.0);
        color.a *= thin * thin;
    }
    out.color = color;
    out.position = vec4<f32>(ndc_from_pixels(center + offset), 0.0, 1.0);
    return out;
}

fn dart_distance(local: vec2<f32>, size: f32) -> f32 {
    let p = vec2<f32>(local.x, abs(local.y));
    let side = normalize(vec2<f32>(TAIL.y, NOSE.x - TAIL.x));
    let back = normalize(vec2<f32>(-TAIL.y, TAIL.x - NOTCH.x));
    return max(dot(p - NOSE * size, side), dot(p - NOTCH * size, back));
}

@fragment
fn fragment(in: Varying) -> @location(0) vec4<f32> {
    var distance = 0.0;
    if is(FLAG_ORIENTED) {
        distance = dart_distance(in.local, in.extent);
    } else if is(FLAG_ROUND) {
        distance = length(in.local) - in.extent;
    } else {
        distance = max(abs(in.local.x), abs(in.local.y)) - in.extent;
    }
    return emitted(in.color, clamp(0.5 - distance, 0.0, 1.0) * outline(in.position.xy));
}
