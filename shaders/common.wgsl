// What every pass shares: the record that describes one surface, how it is placed on the target, and how it is colored.

// Where an attribute of item `i` lies: words `offset + i * stride + c * step` for its component `c`.
struct Attribute {
    offset: u32,
    stride: u32,
    step: u32,
    // Which constants the pipeline has for it.
    format: u32,
}

struct Surface {
    // Data space to homogeneous target pixels (y down), depth 0 to 1.
    transform: mat4x4<f32>,
    // x, y, width, height in target pixels, y down.
    rect: vec4<f32>,
    // Left, top, right, bottom in target pixels.
    clip: vec4<f32>,
    // Radii of the clip's corners: top left, top right, bottom right, bottom left.
    clip_radius: vec4<f32>,
    // Left, top, right, bottom of what is redrawn, target pixels. Items outside need not be drawn.
    window: vec4<f32>,
    // Straight alpha.
    tint: vec4<f32>,
    // Direction to the light in data space, and the share of ambient light.
    light: vec4<f32>,
    // 2 / size of the target.
    ndc_per_pixel: vec2<f32>,
    radius: f32,
    opacity: f32,
    // The values at the two ends of the color map.
    range: vec2<f32>,
    // Diameter of points or width of lines, pixels.
    size: f32,
    // Which color map.
    map: u32,
    position: Attribute,
    color: Attribute,
    direction: Attribute,
    // Items: points, segments, mesh vertices.
    count: u32,
    // Those of the pipeline.
    flags: u32,
    // Cells of a heat map, pixels of an image; of a mesh: how many indices, and the word of the first.
    width: u32,
    height: u32,
}

// Bits of `FLAGS`. The first: the outline needs per-pixel coverage, being rounded or not on pixel boundaries.
const FLAG_EDGES: u32 = 1u;
const FLAG_ADDITIVE: u32 = 2u;
const FLAG_ROUND: u32 = 4u;
const FLAG_ORIENTED: u32 = 8u;
const FLAG_STRIP: u32 = 16u;
const FLAG_LIT: u32 = 32u;
const FLAG_NORMALS: u32 = 64u;
const FLAG_INDEX_U16: u32 = 128u;
const FLAG_INDEXED: u32 = 256u;
const FLAG_LINEAR: u32 = 512u;
const FLAG_PREMULTIPLIED: u32 = 1024u;
const FLAG_OPAQUE: u32 = 2048u;

const COLOR_NONE: u32 = 0u;
const COLOR_RGBA8: u32 = 1u;
const COLOR_SCALAR: u32 = 2u;
const COLOR_F32X4: u32 = 3u;
const COLOR_F32X3: u32 = 4u;
const COLOR_SPEED: u32 = 5u;

// What is the same for all pixels, each combination a pipeline of its own: branches on these cost nothing.
override FLAGS: u32 = 0u;
override POSITION_COMPONENTS: u32 = 2u;
override DIRECTION_COMPONENTS: u32 = 2u;
override COLOR_FORMAT: u32 = 0u;

// Entries of one color map in `color_maps`.
const MAP_ENTRIES: u32 = 256u;
// Beyond this many pixels from the origin a vertex is dropped: f32 has no sub-pixel precision left there.
const PIXELS_MAX: f32 = 1048576.0;

@group(0) @binding(0) var<uniform> surface: Surface;
@group(0) @binding(1) var<storage, read> color_maps: array<u32>;

@group(1) @binding(0) var<storage, read> positions: array<u32>;
@group(1) @binding(1) var<storage, read> colors: array<u32>;
@group(1) @binding(2) var<storage, read> directions: array<u32>;
@group(1) @binding(3) var<storage, read> indices: array<u32>;

// A vertex in no primitive: all corners of a dropped primitive go here, outside the clip volume.
const DROPPED: vec4<f32> = vec4<f32>(-2.0, -2.0, -2.0, 1.0);

// Tested on the bits, since a shader compiler may assume that NaN does not happen.
fn finite_bits(bits: u32) -> bool {
    return (bits & 0x7f800000u) != 0x7f800000u;
}

fn finite(v: vec4<f32>) -> bool {
    let b = bitcast<vec4<u32>>(v);
    return finite_bits(b.x) && finite_bits(b.y) && finite_bits(b.z) && finite_bits(b.w);
}

fn is(flag: u32) -> bool {
    return (FLAGS & flag) != 0u;
}

// The attributes' places were checked against the buffers' sizes for all of `surface.count` items, so these reads lie inside;
// were one not to, the device's robust access keeps it inside.

// Data-space position of item `i`; z is 0 in two dimensions.
fn item_position(i: u32) -> vec4<f32> {
    let a = surface.position;
    let at = a.offset + i * a.stride;
    let x = bitcast<f32>(positions[at]);
    let y = bitcast<f32>(positions[at + a.step]);
    var z = 0.0;
    if POSITION_COMPONENTS == 3u { z = bitcast<f32>(positions[at + 2u * a.step]); }
    return vec4<f32>(x, y, z, 1.0);
}

// Velocity or normal of item `i`; 0 where the data are not finite.
fn item_direction(i: u32) -> vec3<f32> {
    let a = surface.direction;
    let at = a.offset + i * a.stride;
    let x = bitcast<f32>(directions[at]);
    let y = bitcast<f32>(directions[at + a.step]);
    var z = 0.0;
    if DIRECTION_COMPONENTS == 3u { z = bitcast<f32>(directions[at + 2u * a.step]); }
    if !finite(vec4<f32>(x, y, z, 0.0)) { return vec3<f32>(0.0); }
    return vec3<f32>(x, y, z);
}

// A color map at `t` in 0..1, encoded.
fn mapped(t: f32) -> vec3<f32> {
    let x = clamp(t, 0.0, 1.0) * f32(MAP_ENTRIES - 1u);
    let low = min(u32(x), MAP_ENTRIES - 2u);
    let base = surface.map * MAP_ENTRIES + low;
    let a = unpack4x8unorm(color_maps[base]);
    let b = unpack4x8unorm(color_maps[base + 1u]);
    return mix(a, b, x - f32(low)).rgb;
}

// The place of `value` in the range. A range of no width maps everything to the middle.
fn normalized(value: f32) -> f32 {
    let width = surface.range.y - surface.range.x;
    if width <= 0.0 { return 0.5; }
    return (value - surface.range.x) / width;
}

// Straight color of item `i`; alpha 0 where the data are not finite.
fn item_color(i: u32) -> vec4<f32> {
    let a = surface.color;
    let at = a.offset + i * a.stride;
    var color = vec4<f32>(1.0);
    if COLOR_FORMAT == COLOR_RGBA8 {
        color = unpack4x8unorm(colors[at]);
    } else if COLOR_FORMAT == COLOR_SCALAR {
        let bits = colors[at];
        if !finite_bits(bits) { return vec4<f32>(0.0); }
        color = vec4<f32>(mapped(normalized(bitcast<f32>(bits))), 1.0);
    } else if COLOR_FORMAT == COLOR_F32X4 || COLOR_FORMAT == COLOR_F32X3 {
        color = vec4<f32>(bitcast<f32>(colors[at]), bitcast<f32>(colors[at + a.step]), bitcast<f32>(colors[at + 2u * a.step]), 1.0);
        if COLOR_FORMAT == COLOR_F32X4 { color.w = bitcast<f32>(colors[at + 3u * a.step]); }
        if !finite(color) { return vec4<f32>(0.0); }
        color = clamp(color, vec4<f32>(0.0), vec4<f32>(1.0));
    } else if COLOR_FORMAT == COLOR_SPEED {
        color = vec4<f32>(mapped(normalized(length(item_direction(i)))), 1.0);
    }
    return color * surface.tint;
}

// Target NDC of target pixels.
fn ndc_from_pixels(p: vec2<f32>) -> vec2<f32> {
    return vec2<f32>(p.x * surface.ndc_per_pixel.x - 1.0, 1.0 - p.y * surface.ndc_per_pixel.y);
}

// Clip coordinates of homogeneous target pixels.
fn clip_from_pixels(p: vec4<f32>) -> vec4<f32> {
    return vec4<f32>(p.x * surface.ndc_per_pixel.x - p.w, p.w - p.y * surface.ndc_per_pixel.y, p.zw);
}

// True when a vertex, as homogeneous target pixels, lies in front of the camera.
fn ahead(p: vec4<f32>) -> bool {
    return p.w > 0.0 && p.z >= 0.0 && p.z <= p.w;
}

// True for pixels at a place that f32 can express well.
fn near(p: vec2<f32>) -> bool {
    return finite_bits(bitcast<u32>(p.x)) && finite_bits(bitcast<u32>(p.y)) && all(abs(p) < vec2<f32>(PIXELS_MAX));
}

// True when nothing between `low` and `high`, target pixels, is redrawn. Costs a few instructions and saves the rasterizer a
// triangle: with little damage nearly all of them.
fn outside_window(low: vec2<f32>, high: vec2<f32>) -> bool {
    return any(high < surface.window.xy) || any(low > surface.window.zw);
}

// Corner `i` of six of the rectangle that a surface may touch, in NDC.
fn rect_corner(i: u32) -> vec4<f32> {
    var corners = array<vec2<f32>, 6>(
        vec2<f32>(0.0, 0.0), vec2<f32>(1.0, 0.0), vec2<f32>(0.0, 1.0),
        vec2<f32>(0.0, 1.0), vec2<f32>(1.0, 0.0), vec2<f32>(1.0, 1.0),
    );
    // One pixel wider on each side, so that a fractional edge is drawn by coverage, not by the rasterizer's rule.
    let low = surface.rect.xy - vec2<f32>(1.0);
    let high = surface.rect.xy + surface.rect.zw + vec2<f32>(1.0);
    return vec4<f32>(ndc_from_pixels(mix(low, high, corners[i])), 0.0, 1.0);
}

// Signed distance from `p` to a box with corners `low` and `high`, rounded by `radius`; negative inside.
fn box_distance(p: vec2<f32>, low: vec2<f32>, high: vec2<f32>, radius: f32) -> f32 {
    let center = 0.5 * (low + high);
    let q = abs(p - center) - 0.5 * (high - low) + vec2<f32>(radius);
    return length(max(q, vec2<f32>(0.0))) + min(max(q.x, q.y), 0.0) - radius;
}

// Signed distance from `p` to the arc of `radius` that cuts off a box's corner at `corner`, the box lying in the direction `inward`;
// -1 where the arc cuts nothing off.
fn arc_distance(p: vec2<f32>, corner: vec2<f32>, inward: vec2<f32>, radius: f32) -> f32 {
    let q = vec2<f32>(radius) - (p - corner) * inward;
    if any(q <= vec2<f32>(0.0)) { return -1.0; }
    return length(q) - radius;
}

// Signed distance from `p` to the clip, each of whose corners has a radius of its own; negative inside. A radius may be longer than a side: the
// clip of a rounded box that is nearly scrolled away.
fn clip_distance(p: vec2<f32>) -> f32 {
    let clip = surface.clip;
    let radius = surface.clip_radius;
    let straight = box_distance(p, clip.xy, clip.zw, 0.0);
    if all(radius <= vec4<f32>(0.0)) { return straight; }
    let top = max(
        arc_distance(p, clip.xy, vec2<f32>(1.0, 1.0), radius.x),
        arc_distance(p, clip.zy, vec2<f32>(-1.0, 1.0), radius.y),
    );
    let bottom = max(
        arc_distance(p, clip.zw, vec2<f32>(-1.0, -1.0), radius.z),
        arc_distance(p, clip.xw, vec2<f32>(1.0, -1.0), radius.w),
    );
    return max(straight, max(top, bottom));
}

// How much of the pixel at `p` the surface's outline and clip leave, 0..1.
fn outline(p: vec2<f32>) -> f32 {
    if !is(FLAG_EDGES) { return 1.0; }
    let high = surface.rect.xy + surface.rect.zw;
    let own = box_distance(p, surface.rect.xy, high, surface.radius);
    return clamp(0.5 - own, 0.0, 1.0) * clamp(0.5 - clip_distance(p), 0.0, 1.0);
}

// A straight color as the framebuffer takes it: premultiplied, thinned by coverage and opacity, alpha 0 for added light.
fn emitted(color: vec4<f32>, coverage: f32) -> vec4<f32> {
    let alpha = color.a * coverage * surface.opacity;
    if is(FLAG_ADDITIVE) { return vec4<f32>(color.rgb * alpha, 0.0); }
    return vec4<f32>(color.rgb * alpha, alpha);
}
