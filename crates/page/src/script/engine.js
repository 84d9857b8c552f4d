// window.engine: the page's way to the engine, version 1. What it offers is written down in docs/page-api.md.
//
// The engine runs this script in every document before the document's own scripts, with the token in `config`. In an ordinary
// browser the page loads /__engine/engine.js itself and the token comes in the fragment of the address.
//
// Nothing here runs without a reason: no timer or animation frame is pending while nothing moves, so that a page at rest costs
// nothing and gets nothing painted.
(function (config) {
  "use strict";

  const PROTOCOL_VERSION = 1;
  const PROTOCOL = "wasm-engine.v1";
  const TOKEN_PREFIX = "wasm-engine.token.";
  const TOKEN_KEY = "wasm-engine.token";
  const BINARY_EVENT = 1;

  // The limits. Those that the engine has too are its own, so that the author is told here, where the mistake is.
  const MAX_TEXT_BYTES = 1 << 20;
  const MAX_MESSAGE_BYTES = 16 << 20;
  const MAX_TOPIC_BYTES = 128;
  const MAX_SURFACES = 256;
  const MAX_SURFACE_NAME_BYTES = 64;
  const MAX_COORDINATE = 1 << 20;
  const MAX_WAITING = 256; // messages emitted before the engine is there
  const MAX_WAITING_BYTES = 4 << 20;
  const MAX_BUFFERED_BYTES = 32 << 20; // in the socket
  const MAX_TOPICS = 1024; // whose latest value is kept
  const ACK_EVERY = 4;
  const ACK_AFTER_MS = 8;
  const RETRY_FIRST_MS = 250;
  const RETRY_LAST_MS = 8000;
  const CLOSED_REPLACED = 4001;
  const CLOSED_VERSION = 4002;

  // Documents of other origins learn nothing: the address of a document is the one thing it cannot fake.
  if (config && location.origin !== config.origin) return;
  if (window.engine !== undefined) return;
  if (window.top !== window) {
    // A frame of the same origin shares the engine of the page around it; one of another origin has none.
    try {
      if (window.top.engine) define(window.top.engine);
    } catch (_) {
      // Another origin.
    }
    return;
  }

  const encoder = new TextEncoder();
  const decoder = new TextDecoder();

  function define(value) {
    Object.defineProperty(window, "engine", { value, enumerable: true });
  }

  function warn(...words) {
    console.warn("engine:", ...words);
  }

  /** An error of the author's, at the line of theirs that called: Servo takes a place as further arguments, other browsers ignore them. */
  function mistake(text) {
    const frames = [...String(new Error().stack).matchAll(/@(.*):(\d+):\d+$/gm)];
    const caller = frames.find((frame) => frame[1] !== frames[0][1]) || [];
    return new TypeError(`engine: ${text}`, ...caller.slice(1));
  }

  // ---------------------------------------------------------------------------------------------------------------- listeners

  /** Sets of functions by name. A function that throws is reported and harms no other. */
  class Listeners {
    constructor() {
      this.byName = new Map();
    }

    add(name, fn, once = false) {
      if (typeof fn !== "function") throw mistake("the listener must be a function");
      const entry = { fn, once, gone: false };
      if (!this.byName.has(name)) this.byName.set(name, []);
      this.byName.get(name).push(entry);
      return () => this.remove(name, (other) => other === entry);
    }

    remove(name, matches) {
      const entries = this.byName.get(name) || [];
      for (const entry of entries) entry.gone = matches(entry);
      const left = entries.filter((entry) => !entry.gone);
      if (left.length > 0) this.byName.set(name, left);
      else this.byName.delete(name);
    }

    has(name) {
      return this.byName.has(name);
    }

    call(name, ...values) {
      // Those that are there now: who is added meanwhile hears the next one, and who is removed hears nothing more.
      for (const entry of [...(this.byName.get(name) || [])]) {
        if (entry.gone) continue;
        if (entry.once) this.remove(name, (other) => other === entry);
        run(name, entry.fn, values);
      }
    }
  }

  function run(name, fn, values) {
    const report = (error) => console.error(`engine: a listener of "${name}" failed:`, error);
    try {
      const result = fn(...values);
      if (result && typeof result.then === "function") result.then(undefined, report);
    } catch (error) {
      report(error);
    }
  }

  // ------------------------------------------------------------------------------------------------------------------- topics

  const topics = new Listeners();
  const latest = new Map();
  const unheard = new Set(); // topics whose latest value came before anybody listened

  function receive(topic, data) {
    if (latest.has(topic) || latest.size < MAX_TOPICS) latest.set(topic, data);
    if (topic === "engine:app") declare(data.params);
    if (topics.has(topic)) topics.call(topic, data, topic);
    else if (latest.has(topic)) unheard.add(topic);
  }

  function listen(topic, fn, once) {
    checkTopic(topic);
    const first = unheard.delete(topic);
    if (first && once) {
      // Its one value is there already.
      const data = latest.get(topic);
      let wanted = true;
      queueMicrotask(() => wanted && run(topic, fn, [data, topic]));
      return () => (wanted = false);
    }
    const stop = topics.add(topic, fn, once);
    // What was published before the page's scripts ran is not lost to them.
    if (first) queueMicrotask(() => topics.call(topic, latest.get(topic), topic));
    return stop;
  }

  function checkTopic(topic) {
    if (typeof topic !== "string" || topic === "" || encoder.encode(topic).length > MAX_TOPIC_BYTES || /[\u0000-\u001f\u007f-\u009f]/.test(topic)) {
      throw mistake(`a topic must be a string of 1 to ${MAX_TOPIC_BYTES} bytes without control characters`);
    }
  }

  /** Sends data under a topic. Says whether it was taken. */
  function emit(topic, data) {
    checkTopic(topic);
    const bytes = bytesOf(data);
    return send(bytes ? encodeBinary(topic, bytes) : encodeText(topic, data));
  }

  function bytesOf(data) {
    if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return data instanceof ArrayBuffer ? new Uint8Array(data) : null;
  }

  function encodeText(topic, data) {
    let json;
    let reason = `it is a ${typeof data}`;
    try {
      json = JSON.stringify(data === undefined ? null : data);
    } catch (error) {
      reason = error.message;
    }
    if (json === undefined) throw mistake(`the data of "${topic}" has no JSON form: ${reason}`);
    return `{"t":"emit","topic":${JSON.stringify(topic)},"data":${json}}`;
  }

  // [version u8][kind u8][length of the topic u16, little-endian][topic][bytes]
  function encodeBinary(topic, bytes) {
    const name = encoder.encode(topic);
    const frame = new Uint8Array(4 + name.length + bytes.length);
    frame.set([PROTOCOL_VERSION, BINARY_EVENT, name.length & 0xff, name.length >> 8]);
    frame.set(name, 4);
    frame.set(bytes, 4 + name.length);
    return frame.buffer;
  }

  function decodeBinary(frame) {
    const head = new Uint8Array(frame);
    const end = 4 + (head[2] | (head[3] << 8));
    if (frame.byteLength < 4 || head[0] !== PROTOCOL_VERSION || head[1] !== BINARY_EVENT || frame.byteLength < end) {
      return warn("a binary message was not understood");
    }
    receive(decoder.decode(head.subarray(4, end)), frame.slice(end));
  }

  // ------------------------------------------------------------------------------------------------------------------- socket

  const token = takeToken();
  const waiting = []; // for the engine to be there: message, size, and of a parameter its name
  let waitingBytes = 0;
  let socket = null;
  let connected = false;
  let leaving = false;
  let attempts = 0;
  let engineVersion = null;
  let handled = 0;
  let ackTimer = 0;
  let resolveReady;
  const ready = new Promise((resolve) => (resolveReady = resolve));

  /** The token: from the engine; or, in a browser, from the address, whence it is removed, and for reloads from the session. */
  function takeToken() {
    if (config) return config.token;
    const match = /^#engine=([0-9a-f]{64})$/.exec(location.hash);
    try {
      if (match) {
        sessionStorage.setItem(TOKEN_KEY, match[1]);
        history.replaceState(history.state, "", location.pathname + location.search);
      }
      return match ? match[1] : sessionStorage.getItem(TOKEN_KEY);
    } catch (_) {
      return match ? match[1] : null;
    }
  }

  function connect() {
    if (!token || socket || leaving) return;
    socket = new WebSocket(`ws://${location.host}/__engine/socket`, [PROTOCOL, TOKEN_PREFIX + token]);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => socket.send(JSON.stringify({ t: "hello", v: PROTOCOL_VERSION, url: location.href.split("#")[0] }));
    socket.onmessage = (event) => hear(event.data);
    socket.onclose = (event) => disconnect(event.code);
  }

  function disconnect(code) {
    const was = connected;
    socket = null;
    connected = false;
    handled = 0;
    if (was) topics.call("engine:disconnected", null, "engine:disconnected");
    if (leaving) return;
    if (code === CLOSED_REPLACED) return warn("another document talks to the engine now; reload this one to take over");
    if (code === CLOSED_VERSION) return warn("this engine speaks another version; reload the page");
    if (attempts === 0 && !was) warn("no engine answers; trying again");
    const delay = Math.min(RETRY_FIRST_MS * 2 ** attempts++, RETRY_LAST_MS);
    setTimeout(connect, delay);
  }

  function hear(data) {
    if (typeof data !== "string") {
      decodeBinary(data);
      return acknowledge();
    }
    const message = JSON.parse(data);
    switch (message.t) {
      case "pub":
        receive(message.topic, message.data);
        return acknowledge();
      case "params":
        applyParams(message.values);
        return acknowledge();
      case "ping":
        return socket.send(JSON.stringify({ t: "pong", id: message.id }));
      case "welcome":
        return welcome(message);
      case "error":
        return warn(`${message.code}: ${message.message}`);
      default: // Of a newer engine; what it needs an answer to it would not send to this version.
    }
  }

  function welcome(message) {
    connected = true;
    attempts = 0;
    engineVersion = message.engine;
    const sent = waiting.splice(0);
    waitingBytes = 0;
    for (const one of sent) socket.send(one.message);
    // What the page has set in the meantime is newer than what the engine knows.
    const set = new Set(sent.map((one) => one.param));
    applyParams(Object.fromEntries(Object.entries(message.params).filter(([name]) => !set.has(name))));
    lastReport = "";
    measure();
    topics.call("engine:connected", null, "engine:connected");
  }

  /** Tells the engine what has been handled, a few at a time. It sends no more than a window ahead. */
  function acknowledge() {
    handled += 1;
    if (handled >= ACK_EVERY) sendAck();
    else if (!ackTimer) ackTimer = setTimeout(sendAck, ACK_AFTER_MS);
  }

  function sendAck() {
    clearTimeout(ackTimer);
    ackTimer = 0;
    if (connected && handled > 0) socket.send(JSON.stringify({ t: "ack", n: handled }));
    handled = 0;
  }

  /** Sends a message, or keeps it until the engine is there. Says whether it was taken. */
  function send(message, param) {
    const text = typeof message === "string";
    const size = text ? encoder.encode(message).length : message.byteLength;
    if (size > (text ? MAX_TEXT_BYTES : MAX_MESSAGE_BYTES)) {
      warn(`a message of ${size} bytes is too large and was dropped${text ? "; send large data as an ArrayBuffer" : ""}`);
      return false;
    }
    if (connected) {
      if (socket.bufferedAmount > MAX_BUFFERED_BYTES) {
        warn("the engine does not read fast enough: a message was dropped");
        return false;
      }
      socket.send(message);
      return true;
    }
    return Boolean(token) && keep({ message, size, param });
  }

  /** Keeps a message. A parameter's newer value takes the place of the one that waits. */
  function keep(one) {
    const at = one.param === undefined ? -1 : waiting.findIndex((other) => other.param === one.param);
    const older = at < 0 ? 0 : waiting[at].size;
    if ((at < 0 && waiting.length >= MAX_WAITING) || waitingBytes - older + one.size > MAX_WAITING_BYTES) {
      warn("the engine is not there and too many messages wait: a message was dropped");
      return false;
    }
    waiting[at < 0 ? waiting.length : at] = one;
    waitingBytes += one.size - older;
    return true;
  }

  // --------------------------------------------------------------------------------------------------------------- parameters

  const params = new Map();
  const declared = new Map(); // what the manifest says of parameters
  const paramListeners = new Listeners();

  /** A parameter of the app: `value` reads and sets it, `on` tells of its changes. */
  function param(name) {
    if (typeof name !== "string" || name === "") throw mistake("a parameter must have a name");
    return Object.freeze({
      name,
      get value() {
        return params.get(name);
      },
      set value(value) {
        setParam(name, value);
      },
      on: (fn) => paramListeners.add(name, fn),
    });
  }

  /** The page sets a parameter: the engine is told at once, and hears of it in its next tick. */
  function setParam(name, value, from) {
    const good = (typeof value === "number" && Number.isFinite(value)) || typeof value === "boolean" || typeof value === "string";
    if (!good) throw mistake(`the parameter "${name}" must be a finite number, a boolean or a string`);
    if (params.get(name) === value) return;
    // Without an engine the page has its parameters to itself.
    if (send(JSON.stringify({ t: "param", name, value }), name) || !token) storeParam(name, value, from);
    else if (from && params.has(name)) show(from, params.get(name));
  }

  /** The engine says what parameters are. */
  function applyParams(values) {
    for (const [name, value] of Object.entries(values)) if (params.get(name) !== value) storeParam(name, value);
  }

  function storeParam(name, value, from) {
    params.set(name, value);
    const bound = [...document.querySelectorAll("[data-param]")].filter((element) => element.getAttribute("data-param") === name);
    for (const element of bound) if (element !== from) show(element, value);
    paramListeners.call(name, value, name);
  }

  /** The manifest's ranges: inputs that have none of their own take them. */
  function declare(list) {
    for (const one of Array.isArray(list) ? list : []) declared.set(one.name, one);
    showIn(document);
    resolveReady(engine); // not at the welcome: whoever has waited may ask for `engine.app`
  }

  function show(element, value) {
    if (element instanceof HTMLInputElement) {
      const range = declared.get(element.getAttribute("data-param"));
      if (range && (element.type === "range" || element.type === "number")) {
        for (const bound of ["min", "max", "step"]) {
          if (typeof range[bound] === "number" && !element.hasAttribute(bound)) element.setAttribute(bound, String(range[bound]));
        }
        if (!element.hasAttribute("step")) element.setAttribute("step", "any");
      }
      if (element.type === "checkbox") element.checked = Boolean(value);
      else if (element.type === "radio") element.checked = element.value === String(value);
      else element.value = String(value);
    } else if (element instanceof HTMLSelectElement || element instanceof HTMLTextAreaElement) {
      element.value = String(value);
    } else {
      element.textContent = typeof value === "number" ? String(Math.round(value * 1000) / 1000) : String(value);
    }
  }

  /** What an input element holds; nothing, if it holds nothing that can be sent. */
  function read(element) {
    if (element instanceof HTMLInputElement) {
      if (element.type === "checkbox") return element.checked;
      if (element.type === "radio") return element.checked ? numberOrText(element.value) : undefined;
      if (element.type === "range" || element.type === "number") {
        // Twelve digits: 0.3, where a step of 0.1 makes 0.30000000000000004 of it.
        const number = Number(parseFloat(element.value).toPrecision(12));
        return Number.isFinite(number) ? number : undefined;
      }
      return element.value;
    }
    return element instanceof HTMLSelectElement ? numberOrText(element.value) : element.value;
  }

  function numberOrText(text) {
    return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
  }

  function inputMoved(event) {
    const element = event.target;
    const name = element instanceof Element && element.getAttribute("data-param");
    const value = name ? read(element) : undefined;
    if (value !== undefined) setParam(name, value, element);
  }

  /** Elements that came after the values did show them too. */
  function showIn(root) {
    if (!(root instanceof Element || root === document) || params.size === 0) return;
    for (const element of [root, ...root.querySelectorAll("[data-param]")]) {
      const name = element !== document && element.getAttribute("data-param");
      if (name && params.has(name)) show(element, params.get(name));
    }
  }

  // ----------------------------------------------------------------------------------------------------------------- surfaces

  /** Where elements are, in order. It is geometry.js, put here by the engine: one script is served and injected. */
  const places = /*ENGINE_GEOMETRY*/ null;
  const handles = new Map();
  let surfaces = []; // the elements, in document order
  let rescan = true;
  const toldDoubled = new Set(); // names of more than one element
  let lastReport = "";
  let retryTimer = 0; // of a report that was not taken
  let frame = 0;
  let measuredSinceFrame = false;
  const moving = new Map(); // elements in transition or animation, and until when

  /** A surface of the page, by the name in `data-surface`. It may be asked for before its element exists. */
  function surface(name) {
    if (typeof name !== "string" || name === "") throw mistake("a surface must have a name");
    return handleOf(name).face;
  }

  function handleOf(name) {
    let handle = handles.get(name);
    if (!handle) {
      const listeners = new Listeners();
      handle = { listeners, rect: Object.freeze({ x: 0, y: 0, width: 0, height: 0 }), visible: false };
      handle.face = Object.freeze({
        name,
        get element() {
          return document.querySelector(`[data-surface="${CSS.escape(name)}"]`);
        },
        get rect() {
          return handle.rect;
        },
        get visible() {
          return handle.visible;
        },
        on(event, fn) {
          if (!["resize", "move", "visibility"].includes(event)) throw mistake(`a surface has no event "${event}"`);
          return listeners.add(event, fn);
        },
      });
      handles.set(name, handle);
    }
    return handle;
  }

  /** Something may have moved: look before the next frame is painted. */
  function touch() {
    if (frame || document.hidden) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      measuredSinceFrame = false;
      measure();
      // As long as something moves by itself, look again in the next frame. The page is painted then anyway.
      if (surfaces.length > 0 && stillMoving()) touch();
    });
  }

  /** The document has changed. What changes it in an animation frame is seen in that same frame, once. */
  function mutated(records) {
    const hasElements = (nodes) => Array.prototype.some.call(nodes, (node) => node.nodeType === Node.ELEMENT_NODE);
    for (const record of records) {
      if (record.type === "childList") {
        if (hasElements(record.addedNodes) || hasElements(record.removedNodes)) rescan = true;
        record.addedNodes.forEach(showIn);
      } else if (record.attributeName === "data-surface") {
        rescan = true;
      } else if (record.attributeName === "data-param") {
        showIn(record.target);
      }
    }
    if (surfaces.length === 0 && !rescan) return;
    if (!measuredSinceFrame) {
      measuredSinceFrame = true;
      measure();
    }
    touch();
  }

  /** Until when the animations of an element may move it, in the time of `performance.now`. */
  function motion(event) {
    if (!(event.target instanceof Element)) return;
    const style = getComputedStyle(event.target);
    const now = performance.now();
    const transition = now + longest(style.transitionDuration) + longest(style.transitionDelay);
    const rounds = (style.animationIterationCount || "1").split(",").map((text) => (text.trim() === "infinite" ? Infinity : parseFloat(text) || 1));
    const once = longest(style.animationDuration);
    const animation = event.type.startsWith("animation") && once > 0 ? now + once * Math.max(...rounds) + longest(style.animationDelay) : 0;
    moving.set(event.target, Math.max(moving.get(event.target) || 0, transition, animation) + 50);
    touch();
  }

  function longest(times) {
    const parse = (text) => (parseFloat(text) || 0) * (/ms\s*$/.test(text) ? 1 : 1000);
    return Math.max(0, ...(times || "").split(",").map(parse));
  }

  function stillMoving() {
    const now = performance.now();
    for (const [element, until] of moving) {
      const ended = until === Infinity ? getComputedStyle(element).animationName === "none" : now > until;
      if (ended || !element.isConnected) moving.delete(element);
    }
    return moving.size > 0;
  }

  const resizes = typeof ResizeObserver === "function" ? new ResizeObserver(touch) : null;

  function scan() {
    rescan = false;
    const names = new Set();
    const found = [...document.querySelectorAll("[data-surface]")].filter((element) => {
      const name = element.getAttribute("data-surface");
      const size = encoder.encode(name).length;
      if (size > MAX_SURFACE_NAME_BYTES) warn(`the name of a surface has more than ${MAX_SURFACE_NAME_BYTES} bytes:`, element);
      if (size === 0 || size > MAX_SURFACE_NAME_BYTES) return false;
      if (names.has(name)) doubled(name);
      return !names.has(name) && names.add(name);
    });
    if (found.length > MAX_SURFACES) warn(`the page has ${found.length} surfaces; only the first ${MAX_SURFACES} are shown`);
    surfaces = found.slice(0, MAX_SURFACES);
    if (!resizes) return;
    // The boxes around a surface count too: when one of them grows, the surface may be somewhere else.
    resizes.disconnect();
    const watched = new Set();
    for (const element of surfaces) {
      for (let box = element; box && !watched.has(box); box = box.parentElement) watched.add(box);
    }
    watched.forEach((box) => resizes.observe(box));
  }

  /** A surface is shown in one place. */
  function doubled(name) {
    if (toldDoubled.has(name) || toldDoubled.size >= MAX_SURFACES) return;
    toldDoubled.add(name);
    warn(`more than one element has data-surface="${name}"; the first in the document shows the surface`);
  }

  /** Looks where the surfaces are, and reports it if it is news. */
  function measure() {
    if (rescan) scan();
    const measured = places(surfaces);
    if (connected) report(measured);
    tellHandles(measured);
  }

  function report(measured) {
    const scale = window.devicePixelRatio || 1;
    const pixels = (value) => Math.round(Math.max(-MAX_COORDINATE, Math.min(MAX_COORDINATE, value * scale)) * 1024) / 1024;
    const message = JSON.stringify({
      t: "layout",
      viewport: [pixels(innerWidth), pixels(innerHeight)],
      scale,
      surfaces: measured.map(({ name, box, clip, clipRadius, opacity, radius, z, visible }) => ({
        name,
        x: pixels(box.left),
        y: pixels(box.top),
        w: pixels(box.right - box.left),
        h: pixels(box.bottom - box.top),
        clip: [pixels(clip.left), pixels(clip.top), pixels(clip.right - clip.left), pixels(clip.bottom - clip.top)],
        clip_radius: clipRadius.map(pixels),
        opacity,
        radius: pixels(radius),
        z,
        visible,
      })),
    });
    if (message === lastReport) return;
    // In a document that is still being read surfaces may be yet to come: those of the one before stay until it is known.
    if (measured.length === 0 && document.readyState === "loading") return;
    if (send(message)) lastReport = message;
    else if (!retryTimer) retryTimer = setTimeout(retry, RETRY_FIRST_MS);
  }

  function retry() {
    retryTimer = 0;
    touch();
  }

  function tellHandles(measured) {
    const shown = new Map(measured.map((one) => [one.name, one]));
    for (const [name, handle] of handles) {
      const one = shown.get(name);
      const old = handle.rect;
      const box = one ? one.box : { left: 0, top: 0, right: 0, bottom: 0 };
      const rect = { x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top };
      const was = handle.visible;
      handle.rect = Object.freeze(rect);
      handle.visible = Boolean(one && one.visible);
      if (rect.width !== old.width || rect.height !== old.height) handle.listeners.call("resize", handle.face);
      if (rect.x !== old.x || rect.y !== old.y) handle.listeners.call("move", handle.face);
      if (was !== handle.visible) handle.listeners.call("visibility", handle.face);
    }
  }

  // ------------------------------------------------------------------------------------------------------------------ the face

  const engine = Object.freeze({
    version: PROTOCOL_VERSION,
    ready,
    get connected() {
      return connected;
    },
    get engineVersion() {
      return engineVersion;
    },
    get app() {
      return latest.get("engine:app");
    },
    get stats() {
      return latest.get("engine:stats");
    },
    get tick() {
      return (latest.get("engine:stats") || {}).ticks;
    },
    latest: (topic) => latest.get(topic),
    on: (topic, fn) => listen(topic, fn, false),
    once: (topic, fn) => listen(topic, fn, true),
    off: (topic, fn) => topics.remove(topic, (entry) => fn === undefined || entry.fn === fn),
    emit,
    param,
    surface,
  });
  define(engine);

  // Whatever can move a surface without changing the document: scrolling, sizes, pictures and fonts that arrive, and the states
  // that style sheets ask for (hover, focus, checked, active, open).
  const passive = { capture: true, passive: true };
  for (const type of ["scroll", "load", "toggle", "mouseover", "mouseout", "mousedown", "mouseup", "focusin", "focusout", "change", "keyup"]) {
    document.addEventListener(type, () => surfaces.length > 0 && touch(), passive);
  }
  for (const type of ["transitionrun", "transitionstart", "animationstart", "animationiteration"]) {
    document.addEventListener(type, (event) => surfaces.length > 0 && motion(event), passive);
  }
  for (const type of ["transitionend", "transitioncancel", "animationend", "animationcancel", "visibilitychange"]) {
    document.addEventListener(type, touch, passive);
  }
  for (const type of ["DOMContentLoaded", "resize", "load", "pageshow"]) window.addEventListener(type, touch);
  for (const type of ["input", "change"]) document.addEventListener(type, inputMoved, passive);
  if (document.fonts && document.fonts.addEventListener) document.fonts.addEventListener("loadingdone", touch);
  new MutationObserver(mutated).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });

  window.addEventListener("pagehide", () => {
    leaving = true;
    if (socket) socket.close(1000);
  });
  window.addEventListener("pageshow", () => {
    leaving = false;
    connect();
  });

  if (token) {
    connect();
  } else {
    console.info(
      "engine: there is no engine behind this page, so window.engine does nothing. " +
        "Open the app with `wasm-engine run`, or open the whole address that the engine printed, with the part after the #."
    );
  }
})(/*ENGINE_CONFIG*/ null);
