// The lowest layer: one color, or a gradient between two. Replaces what was there, and so clears the damage.

struct Background {
    // Both straight alpha.
    start: vec4<f32>,
    end: vec4<f32>,
    // Position along the gradient = dot(pixel, axis.xy) + axis.z.
    axis: vec4<f32>,
}

@group(0) @binding(0) var<uniform> background: Background;

@vertex
fn vertex(@builtin(vertex_index) i: u32) -> @builtin(position) vec4<f32> {
    return vec4<f32>(f32(i & 1u) * 4.0 - 1.0, f32(i >> 1u) * 4.0 - 1.0, 0.0, 1.0);
}

// Interleaved gradient noise: half a step of an 8-bit channel, so that dark gradients show no bands. It depends on the pixel
// alone, hence a redrawn part meets the rest without a seam.
fn dither(p: vec2<f32>) -> f32 {
    return (fract(52.9829189 * fract(dot(p, vec2<f32>(0.06711056, 0.00583715)))) - 0.5) / 255.0;
}

@fragment
fn fragment(@builtin(position) at: vec4<f32>) -> @location(0) vec4<f32> {
    let t = clamp(dot(at.xy, background.axis.xy) + background.axis.z, 0.0, 1.0);
    let color = mix(background.start, background.end, t);
    var rgb = color.rgb * color.a;
    if any(background.axis.xy != vec2<f32>(0.0)) { rgb = clamp(rgb + dither(at.xy), vec3<f32>(0.0), vec3<f32>(color.a)); }
    return vec4<f32>(rgb, color.a);
}
