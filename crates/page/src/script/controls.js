// What Servo 0.7 paints but does not let a person use: sliders, and the lists of choices. Both are made to work here, the way
// they do elsewhere, as `input` and `change` events of the elements themselves.
//
// Run in the engine only, after engine.js; ordinary browsers do this by themselves. Whatever the page's own listeners prevent
// is left alone.
(function () {
  "use strict";

  function notify(element, ...types) {
    for (const type of types) element.dispatchEvent(new Event(type, { bubbles: true }));
  }

  function number(text, otherwise) {
    const value = parseFloat(text);
    return Number.isFinite(value) ? value : otherwise;
  }

  // ------------------------------------------------------------------------------------------------------------------ sliders

  let held = null; // the slider that follows the pointer, and its value before

  function sliderOf(event) {
    const element = event.target;
    return element instanceof HTMLInputElement && element.type === "range" && !element.disabled && !event.defaultPrevented ? element : null;
  }

  function rangeOf(slider) {
    const min = number(slider.min, 0);
    const max = Math.max(min, number(slider.max, min > 100 ? min : 100));
    return { min, max, step: number(slider.step, slider.step === "any" ? (max - min) / 100 : 1) };
  }

  function set(slider, value) {
    const { min, max } = rangeOf(slider);
    const old = slider.value;
    // The element itself brings the value to a step; the digits that no one asked for are those of binary fractions.
    slider.value = String(Number(Math.min(max, Math.max(min, value)).toPrecision(12)));
    if (slider.value !== old) notify(slider, "input");
  }

  function follow(slider, x) {
    const { min, max } = rangeOf(slider);
    const rect = slider.getBoundingClientRect();
    const way = rect.width > 0 ? (x - rect.left) / rect.width : 0;
    set(slider, min + (getComputedStyle(slider).direction === "rtl" ? 1 - way : way) * (max - min));
  }

  function hold(event, x) {
    const slider = sliderOf(event);
    if (!slider) return;
    held = { slider, before: slider.value };
    event.preventDefault(); // or the text around it is selected
    slider.focus();
    follow(slider, x);
  }

  function release() {
    if (!held) return;
    const { slider, before } = held;
    held = null;
    if (slider.value !== before) notify(slider, "change");
  }

  window.addEventListener("mousedown", (event) => event.button === 0 && hold(event, event.clientX));
  window.addEventListener("mousemove", (event) => {
    if (!held) return;
    // The button went up where the page could not see it.
    if (event.buttons === 0) release();
    else follow(held.slider, event.clientX);
  });
  window.addEventListener("mouseup", release);
  window.addEventListener("blur", release);
  window.addEventListener("touchstart", (event) => event.touches.length === 1 && hold(event, event.touches[0].clientX), { passive: false });
  window.addEventListener("touchmove", (event) => held && event.touches.length > 0 && follow(held.slider, event.touches[0].clientX));
  for (const type of ["touchend", "touchcancel"]) window.addEventListener(type, release);

  window.addEventListener("keydown", (event) => {
    const slider = sliderOf(event);
    if (!slider || event.ctrlKey || event.altKey || event.metaKey) return;
    const { min, max, step } = rangeOf(slider);
    const value = number(slider.value, min);
    const forward = getComputedStyle(slider).direction === "rtl" ? -1 : 1;
    const page = Math.max(step, (max - min) / 10);
    const target = {
      ArrowRight: value + forward * step,
      ArrowLeft: value - forward * step,
      ArrowUp: value + step,
      ArrowDown: value - step,
      PageUp: value + page,
      PageDown: value - page,
      Home: min,
      End: max,
    }[event.key];
    if (target === undefined) return;
    event.preventDefault(); // or the page scrolls
    const before = slider.value;
    set(slider, target);
    if (slider.value !== before) notify(slider, "change");
  });

  // ------------------------------------------------------------------------------------------------------------------ choices

  let list = null; // the open list, and the element it belongs to

  function choiceOf(target) {
    const element = target instanceof Element ? target.closest("select") : null;
    return element && !element.disabled && !element.multiple && element.size <= 1 ? element : null;
  }

  function choose(select, index) {
    if (index === select.selectedIndex) return;
    select.selectedIndex = index;
    notify(select, "input", "change");
  }

  function close() {
    if (!list) return;
    list.box.remove();
    list = null;
  }

  function open(select) {
    close();
    const rect = select.getBoundingClientRect();
    const style = getComputedStyle(select);
    const box = document.createElement("div");
    const below = window.innerHeight - rect.bottom;
    const up = below < 160 && rect.top > below;
    box.style.cssText =
      `all:initial;position:fixed;z-index:2147483647;left:${rect.left}px;min-width:${rect.width}px;box-sizing:border-box;` +
      (up ? `bottom:${window.innerHeight - rect.top}px;max-height:${rect.top}px;` : `top:${rect.bottom}px;max-height:${below}px;`) +
      `overflow:auto;background:#fff;color:#111;border:1px solid #888;box-shadow:0 2px 8px #0004;font:${style.fontSize} ${style.fontFamily}`;
    [...select.options].forEach((option, index) => box.append(entry(select, option, index)));
    document.documentElement.append(box);
    list = { box, select };
  }

  function entry(select, option, index) {
    const item = document.createElement("div");
    const disabled = option.disabled || (option.parentElement instanceof HTMLOptGroupElement && option.parentElement.disabled);
    item.textContent = option.label || option.text;
    item.style.cssText = `padding:2px 8px;white-space:nowrap;cursor:default;${disabled ? "color:#999;" : ""}`;
    const paint = (color) => (item.style.background = color);
    paint(index === select.selectedIndex ? "#cde" : "");
    item.addEventListener("mouseenter", () => !disabled && paint("#def"));
    item.addEventListener("mouseleave", () => paint(index === select.selectedIndex ? "#cde" : ""));
    item.addEventListener("click", () => {
      if (disabled) return;
      close();
      choose(select, index);
    });
    return item;
  }

  window.addEventListener("mousedown", (event) => {
    if (list && !list.box.contains(event.target) && choiceOf(event.target) !== list.select) close();
  });
  window.addEventListener("click", (event) => {
    const select = choiceOf(event.target);
    if (!select || event.defaultPrevented) return;
    event.preventDefault(); // Servo would ask for a menu that nobody shows
    if (list && list.select === select) close();
    else open(select);
  });
  window.addEventListener("keydown", (event) => {
    const select = choiceOf(event.target);
    if (event.key === "Escape") return close();
    if (!select || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      let index = select.selectedIndex + step;
      while (select.options[index] && select.options[index].disabled) index += step;
      if (select.options[index]) choose(select, index);
      if (list) open(select);
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      if (list) close();
      else open(select);
    }
  });
  for (const type of ["resize", "blur"]) window.addEventListener(type, close);
  window.addEventListener("scroll", (event) => list && !list.box.contains(event.target) && close(), true);
})();
