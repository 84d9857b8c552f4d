// The HUD: boxes and glyphs, one instance each, in one draw.

struct Item {
    // Left, top, width, height, pixels.
    @location(0) rect: vec4<f32>,
    // Left, top of the glyph in the atlas, texels; corner radius of a box in `x`.
    @location(1) source: vec2<f32>,
    // Straight alpha, one byte each, red lowest.
    @location(2) color: u32,
    // 0 box, 1 glyph.
    @location(3) kind: u32,
}

struct Varying {
    @builtin(position) position: vec4<f32>,
    // Pixels from the rectangle's top left.
    @location(0) local: vec2<f32>,
    @location(1) @interpolate(flat) size: vec2<f32>,
    @location(2) @interpolate(flat) source: vec2<f32>,
    @location(3) @interpolate(flat) color: vec4<f32>,
    @location(4) @interpolate(flat) kind: u32,
}

@group(1) @binding(0) var atlas: texture_2d<f32>;

@vertex
fn vertex(@builtin(vertex_index) i: u32, item: Item) -> Varying {
    let corner = vec2<f32>(f32(i & 1u), f32(i >> 1u));
    var out: Varying;
    out.size = item.rect.zw;
    out.local = corner * item.rect.zw;
    out.position = vec4<f32>(ndc_from_pixels(item.rect.xy + out.local), 0.0, 1.0);
    out.source = item.source;
    out.color = unpack4x8unorm(item.color);
    out.kind = item.kind;
    return out;
}

@fragment
fn fragment(in: Varying) -> @location(0) vec4<f32> {
    var coverage = 1.0;
    if in.kind == 1u {
        // Glyphs stand on whole pixels: texel to pixel, as crisp as they were rasterized.
        coverage = textureLoad(atlas, vec2<i32>(floor(in.source + in.local)), 0).r;
    } else if in.source.x > 0.0 {
        let distance = box_distance(in.local, vec2<f32>(0.0), in.size, in.source.x);
        coverage = clamp(0.5 - distance, 0.0, 1.0);
    }
    let alpha = in.color.a * coverage;
    return vec4<f32>(in.color.rgb * alpha, alpha);
}
