//! What apps expect of the web platform: WebGL, WebGPU, WebAssembly, layout, and a secure origin of their own.

#[path = "support/harness.rs"]
mod harness;

use harness::at;

const PLATFORM: &str = r#"<!doctype html><body style="margin:0;display:grid;grid-template-columns:1fr 1fr">
<canvas id=canvas width=64 height=64></canvas><div id=right></div><script>
  var result = {};
  const gl = canvas.getContext('webgl2');
  gl.clearColor(1, .5, 0, 1); gl.clear(gl.COLOR_BUFFER_BIT);
  (async () => {
    const adapter = await navigator.gpu.requestAdapter(), device = await adapter.requestDevice();
    const module = device.createShaderModule({ code: `@group(0) @binding(0) var<storage, read_write> x: array<f32>;
      @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) i: vec3u) { x[i.x] = x[i.x] * 2.0 + 1.0; }` });
    const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module, entryPoint: 'main' } });
    const data = device.createBuffer({ size: 4096, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST });
    device.queue.writeBuffer(data, 0, new Float32Array(1024).map((_, index) => index));
    const out = device.createBuffer({ size: 4096, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer: data } }] });
    const encoder = device.createCommandEncoder(), pass = encoder.beginComputePass();
    pass.setPipeline(pipeline); pass.setBindGroup(0, group); pass.dispatchWorkgroups(16); pass.end();
    encoder.copyBufferToBuffer(data, 0, out, 0, 4096); device.queue.submit([encoder.finish()]);
    await out.mapAsync(GPUMapMode.READ);
    const numbers = new Float32Array(out.getMappedRange());
    result.gpu = [numbers[3], numbers[1023]];
  })().catch(error => result.gpu = '' + error);
</script>"#;

#[test]
fn apps_find_the_web_platform_they_expect() {
    let app = harness::open(PLATFORM, |_| ());
    app.until("document.readyState === 'complete'");
    assert_eq!(app.run("isSecureContext"), true);
    assert_eq!(app.run("typeof WebAssembly.instantiate"), "function");
    assert_eq!(app.run("right.getBoundingClientRect().left"), 160.0, "grid layout");
    app.run("localStorage.x = 'kept'; 0");
    assert_eq!(app.run("localStorage.x"), "kept");
    app.until("result.gpu !== undefined");
    assert_eq!(app.run("result.gpu"), serde_json::json!([7.0, 2047.0]));
    app.wait_frame("the WebGL canvas", |_, pixels| at(pixels, 10, 10) == [255, 128, 0, 255]);
    app.close();
}
