// A slider that looks and works the same in every browser engine: a rail that is painted, and a range input over it that is used.
//
// Servo shows range inputs but does not move them, so pointer and keys are handled here. The input stays the one source of the value: it is
// what is focused, what has the accessible name, and what engine.js binds to a parameter by `data-param`.
"use strict";

/** A number's text with a comma between thousands. Written by hand, since not every engine is built with the tables of locales. */
function grouped(text) {
  return text.replace(/^-?\d+/, (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ","));
}

function makeSlider({ name, label, unit, min, max, step, value }) {
  const slider = document.createElement("div");
  slider.className = "slider";

  const input = document.createElement("input");
  input.type = "range";
  input.id = `slider-${name}`;
  input.min = min;
  input.max = max;
  input.step = step || "any";
  input.value = value;

  const head = document.createElement("div");
  head.className = "slider-label";
  const caption = document.createElement("label");
  caption.htmlFor = input.id;
  const text = document.createElement("span");
  text.textContent = label;
  caption.append(text);
  const output = document.createElement("output");
  head.append(caption, output);

  const rail = document.createElement("div");
  rail.className = "rail";
  const parts = ["track", "fill", "thumb"].map((part) => {
    const element = document.createElement("div");
    element.className = `rail-${part}`;
    return element;
  });
  const [, fill, thumb] = parts;
  rail.append(...parts, input);
  slider.append(head, rail);

  const decimals = step >= 1 ? 0 : 2;
  const paint = () => {
    const now = Number(input.value);
    const part = `${(100 * (now - min)) / (max - min)}%`;
    fill.style.width = part;
    thumb.style.left = part;
    output.textContent = grouped(now.toFixed(decimals)) + (unit ? ` ${unit}` : "");
    input.setAttribute("aria-valuetext", output.textContent);
  };

  const move = (wanted) => {
    const steps = step ? Math.round((wanted - min) / step) : 0;
    const next = Math.min(max, Math.max(min, step ? min + steps * step : wanted));
    if (Number(next.toFixed(6)) === Number(input.value)) return;
    input.value = String(Number(next.toFixed(6)));
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const follow = (event) => {
    const box = rail.getBoundingClientRect();
    move(min + ((event.clientX - box.left) / box.width) * (max - min));
  };
  const release = () => {
    window.removeEventListener("mousemove", follow);
    window.removeEventListener("mouseup", release);
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  input.addEventListener("mousedown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    input.focus();
    follow(event);
    window.addEventListener("mousemove", follow);
    window.addEventListener("mouseup", release);
  });
  input.addEventListener("keydown", (event) => {
    const one = step || (max - min) / 100;
    const by = { ArrowRight: one, ArrowUp: one, ArrowLeft: -one, ArrowDown: -one, PageUp: 10 * one, PageDown: -10 * one }[event.key];
    const to = event.key === "Home" ? min : event.key === "End" ? max : by && Number(input.value) + by;
    if (to === undefined) return;
    event.preventDefault();
    move(to);
  });
  input.addEventListener("input", paint);
  input.addEventListener("focus", () => rail.classList.add("focused"));
  input.addEventListener("blur", () => rail.classList.remove("focused"));

  paint();
  return { element: slider, input, paint };
}
