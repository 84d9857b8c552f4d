// What the test asks the page to do, by name. Answers go back under the name of the step.
"use strict";

const byId = (id) => document.getElementById(id);
const input = (element) => element.dispatchEvent(new Event("input", { bubbles: true }));
const errors = [];
const consoleError = console.error;
console.error = (...words) => {
  errors.push(words.map(String).join(" "));
  consoleError.apply(console, words);
};

const bufferedAmount = Object.getOwnPropertyDescriptor(WebSocket.prototype, "bufferedAmount");
let frames = 0;
const requestFrame = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (fn) => {
  frames += 1;
  return requestFrame(fn);
};

engine.emit("before", "the engine is there");

let resized = 0;
const surface = engine.surface("plain");
surface.on("resize", () => (resized += 1));

let early;
// Published before this script ran, and long before it asked for it.
setTimeout(() => engine.on("early", (data) => (early = data)), 0);

const steps = {
  move: () => void (byId("plain").style.left = "50px"),
  scroll: () => window.scrollTo(0, 20),
  unscroll: () => window.scrollTo(0, 0),
  fade: () => (byId("group").style.opacity = "0"),
  unfade: () => (byId("group").style.opacity = ""),
  remove: () => byId("spin").parentNode.removeChild(byId("spin")),
  add() {
    const element = document.createElement("div");
    element.style.cssText = "position:fixed;left:7px;top:9px;width:30px;height:20px";
    element.setAttribute("data-surface", "added");
    // The second of a name is not shown.
    const second = element.cloneNode();
    second.style.left = "90px";
    document.body.append(element, second);
  },
  pairs: showPairs,
  unpair: () => byId("pairs").remove(),
  slide: () => (byId("spin").style.left = "100px"),
  slider() {
    byId("speed").value = "7.5";
    input(byId("speed"));
  },
  checkbox() {
    byId("trails").checked = true;
    input(byId("trails"));
  },
  choice() {
    byId("mode").value = "2";
    input(byId("mode"));
    byId("mode").value = "wild";
    input(byId("mode"));
  },
  script: () => (engine.param("speed").value = 12),
  state: () => ({
    speed: engine.param("speed").value,
    slider: byId("speed").value,
    start: [engine.param("start").value, started],
    shown: byId("shown").textContent,
    trails: byId("trails").checked,
    rect: { x: surface.rect.x, y: surface.rect.y, width: surface.rect.width, height: surface.rect.height },
    element: surface.element === byId("plain"),
    resized,
    visible: surface.visible,
    connected: engine.connected,
    frozen: Object.isFrozen(engine) && !Reflect.set(window, "engine", null),
    hash: location.hash,
    early,
    force: ["min", "max", "step", "value"].map((name) => byId("force")[name]),
  }),
  bytes: () => void engine.emit("floats", new Float32Array([1, 2.5, -3]).subarray(1)),
  refused() {
    const thrown = [];
    const circle = {};
    circle.self = circle;
    for (const attempt of [() => engine.emit("", 1), () => engine.emit("a\n", 1), () => engine.emit("a", circle), () => engine.emit("a", () => {}), () => engine.on("a", 7), () => engine.param("p").value = NaN]) {
      try {
        attempt();
        thrown.push("nothing");
      } catch (error) {
        thrown.push(error.name);
      }
    }
    return { thrown, large: engine.emit("large", "x".repeat(2 << 20)) };
  },
  // A page at rest asks for no animation frames.
  rest() {
    const before = frames;
    setTimeout(() => engine.emit("rest", frames - before), 300);
  },
  errors: () => errors,
  drop: () => (socket ? void socket.close() : { no: true }),
  // The socket takes nothing for a while.
  full() {
    Object.defineProperty(WebSocket.prototype, "bufferedAmount", { configurable: true, get: () => 1 << 30 });
    engine.param("speed").value = 66;
    byId("plain").style.left = "70px";
    requestFrame(() =>
      requestFrame(() => {
        Object.defineProperty(WebSocket.prototype, "bufferedAmount", bufferedAmount);
        engine.emit("full", engine.param("speed").value);
      })
    );
  },
  reload: () => void location.reload(),
  leave: () => void location.replace("/empty.html"),
};

engine.on("step", (name) => {
  const answer = steps[name]();
  if (answer !== undefined && typeof answer === "object") engine.emit(name, answer);
});
engine.on("step", () => {
  throw new Error("a listener that fails");
});
engine.on("place", (id) => {
  const leaf = (element) => element.children.length === 0 && element.textContent === id && element.localName === "div";
  const element = byId(id) || [...document.querySelectorAll("div")].find(leaf);
  const rect = element && element.getBoundingClientRect();
  engine.emit("place", rect ? [rect.left, rect.top, rect.width, rect.height].map((side) => side * devicePixelRatio) : null);
});
byId("speed").addEventListener("change", () => engine.emit("changed", byId("speed").value));
engine.on("echo", (data) => engine.emit("echo", data));
let once = 0;
engine.once("count", () => (once += 1));
const stop = engine.on("count", () => (once += 100));
engine.on("count", (n) => n === 2 && engine.emit("counted", once));
engine.on("count", stop);
const nested = [];
engine.on("nested", () => {
  nested.push("first");
  engine.on("nested", () => nested.push("added meanwhile"));
  stopSecond();
});
const stopSecond = engine.on("nested", () => nested.push("removed meanwhile"));
engine.on("nested", () => setTimeout(() => engine.emit("nested", nested), 0));
engine.ready.then((ready) => engine.emit("ready", ready === engine && engine.app.params.length === 1));
