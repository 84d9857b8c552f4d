// What the page does: sliders out, numbers in. See docs/page-api.md for `engine`.
"use strict";

(function () {
  const byId = (id) => document.getElementById(id);
  const engine = window.engine;
  if (!engine) {
    byId("notice").hidden = false;
    return;
  }

  // A number is written only when its text is another: what does not change is not painted again.
  const write = (id, text) => {
    const element = byId(id);
    if (element.textContent !== text) element.textContent = text;
  };
  const whole = (number) => grouped(String(Math.round(number)));
  const fixed = (number, digits) => (Number.isFinite(number) ? number.toFixed(digits) : "–");

  // ---- sliders: one for each parameter that the manifest declares

  const sliders = new Map();
  engine.on("engine:app", (app) => {
    for (const param of app.params) {
      if (sliders.has(param.name)) continue;
      const now = engine.param(param.name).value;
      const slider = makeSlider({ ...param, value: now === undefined ? param.default : now });
      slider.input.setAttribute("data-param", param.name);
      sliders.set(param.name, slider);
      byId("sliders").append(slider.element);
      // Moved by somebody else: a reset, a recording that is played.
      engine.param(param.name).on((value) => {
        slider.input.value = String(value);
        slider.paint();
      });
    }
  });

  // ---- numbers: the kernel's, ten times a second, and the engine's

  engine.on("stats", (data) => {
    const [boids, , order, neighbors] = new Float32Array(data);
    write("boids", whole(boids));
    write("neighbors", fixed(neighbors, 1));
    write("order", `${Math.round(100 * order)} %`);
    byId("order-fill").style.width = `${Math.round(1000 * order) / 10}%`;
  });

  const pressed = (id, on) => byId(id).setAttribute("aria-pressed", String(Boolean(on)));
  engine.on("engine:stats", (stats) => {
    write("tick", whole(stats.ticks));
    write("compute", fixed(stats.compute_ms, 1));
    write("fps", fixed(stats.frames_per_second, 0));
    pressed("pause", stats.paused);
    pressed("hud", stats.hud);
    write("pause", stats.paused ? "Go on" : "Pause");
  });

  // ---- buttons

  byId("reset").addEventListener("click", () => engine.emit("engine:reset"));
  byId("pause").addEventListener("click", () => engine.emit("engine:pause"));
  byId("hud").addEventListener("click", () => engine.emit("engine:hud"));
  byId("fold").addEventListener("click", () => {
    const body = byId("body");
    body.hidden = !body.hidden;
    byId("fold").setAttribute("aria-expanded", String(!body.hidden));
    write("fold", body.hidden ? "Show" : "Hide");
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== " " || event.target instanceof HTMLButtonElement) return;
    event.preventDefault();
    engine.emit("engine:pause");
  });

  engine.on("engine:connected", () => (byId("notice").hidden = true));
  engine.on("engine:disconnected", () => (byId("notice").hidden = false));
})();
