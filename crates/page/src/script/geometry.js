// Where elements are on the page, and in which order they are painted: what a surface's place is worked out from.
//
// The engine puts this into engine.js, as the value of one name: a function from elements to their places.
(function () {
  "use strict";

  const CORNERS = [
    ["left", "top"],
    ["right", "top"],
    ["right", "bottom"],
    ["left", "bottom"],
  ];
  // Properties that matter already when `will-change` announces them.
  const MOVES = ["transform", "translate", "rotate", "scale", "perspective", "filter"];
  const LAYERS = ["position", "opacity", "isolation", "mix-blend-mode", "clip-path", "mask", "mask-image", "backdrop-filter"];

  /** Place and rank of each element, all from one look at the document. */
  function places(elements) {
    const seen = new Map();
    const measured = elements.map((element) => geometry(element, seen));
    rank(measured);
    return measured;
  }

  /** Style and box of an element, asked for once a measurement. */
  function look(element, seen) {
    let known = seen.get(element);
    if (!known) {
      const rect = element.getBoundingClientRect();
      const style = getComputedStyle(element);
      // Under a transform a CSS pixel of the element is not one of the viewport.
      const scaleX = element.offsetWidth > 0 ? rect.width / element.offsetWidth : 1;
      const scaleY = element.offsetHeight > 0 ? rect.height / element.offsetHeight : 1;
      known = { rect, style, scaleX, scaleY };
      seen.set(element, known);
    }
    return known;
  }

  /** Where a surface is, in CSS pixels of the viewport: its content box, and what its ancestors let be seen of it. */
  function geometry(element, seen) {
    const { rect, style, scaleX, scaleY } = look(element, seen);
    const inset = (side, scale) => (px(style[`border${side}Width`]) + px(style[`padding${side}`])) * scale;
    const box = {
      left: rect.left + inset("Left", scaleX),
      top: rect.top + inset("Top", scaleY),
      right: rect.right - inset("Right", scaleX),
      bottom: rect.bottom - inset("Bottom", scaleY),
    };
    box.right = Math.max(box.left, box.right);
    box.bottom = Math.max(box.top, box.bottom);

    const clip = { left: 0, top: 0, right: innerWidth, bottom: innerHeight };
    const rounded = [];
    const order = []; // the stacking contexts around it, the outermost first
    let opacity = 1;
    let position = style.position;
    let hidden = style.visibility !== "visible" || element.getClientRects().length === 0;
    for (let one = element; one; one = one.parentElement) {
      const { style: its } = look(one, seen);
      opacity *= fraction(its.opacity);
      const index = zIndex(one, its, seen);
      if (index !== null || makesStackingContext(its)) order.unshift({ box: one, z: index || 0 });
      if (one === element || one === document.body || one === document.documentElement) continue;
      const contains = its.position !== "static" || makesContainingBlock(its);
      // What is taken out of the flow is clipped from its containing block upward only.
      const escapes = position === "fixed" ? !makesContainingBlock(its) : position === "absolute" && !contains;
      if (escapes) continue;
      if (clips(its)) narrow(clip, one, look(one, seen), rounded);
      position = its.position;
    }
    clip.right = Math.max(clip.left, clip.right);
    clip.bottom = Math.max(clip.top, clip.bottom);
    const view = intersect(box, clip);
    hidden = hidden || opacity <= 0 || view.right <= view.left || view.bottom <= view.top;
    return {
      name: element.getAttribute("data-surface"),
      box,
      clip,
      clipRadius: CORNERS.map((sides, corner) => clipRadius(clip, sides, corner, rounded)),
      opacity: Math.round(opacity * 4096) / 4096,
      // A surface has one radius.
      radius: Math.max(0, Math.min(...cornerRadii(look(element, seen))) - (box.left - rect.left)),
      order,
      z: 0,
      visible: !hidden,
    };
  }

  function clips(style) {
    return style.overflowX !== "visible" || style.overflowY !== "visible" || /paint|strict|content/.test(style.contain || "");
  }

  /** Narrows the clip to the padding box of a box that hides what overflows it. */
  function narrow(clip, element, { rect, style, scaleX, scaleY }, rounded) {
    const left = rect.left + element.clientLeft * scaleX;
    const top = rect.top + element.clientTop * scaleY;
    const box = { left, top, right: left + element.clientWidth * scaleX, bottom: top + element.clientHeight * scaleY };
    const painted = /paint|strict|content/.test(style.contain || "");
    if (painted || style.overflowX !== "visible") {
      clip.left = Math.max(clip.left, box.left);
      clip.right = Math.min(clip.right, box.right);
    }
    if (painted || style.overflowY !== "visible") {
      clip.top = Math.max(clip.top, box.top);
      clip.bottom = Math.min(clip.bottom, box.bottom);
    }
    const radii = cornerRadii({ rect, style, scaleX, scaleY }).map((radius) => radius - px(style.borderLeftWidth) * scaleX);
    rounded.push({ box, radii });
  }

  function intersect(a, b) {
    return {
      left: Math.max(a.left, b.left),
      top: Math.max(a.top, b.top),
      right: Math.min(a.right, b.right),
      bottom: Math.min(a.bottom, b.bottom),
    };
  }

  /** The radius of a corner of the clip: that of the boxes which have this very corner. Where a box is cut its corner is not seen. */
  function clipRadius(clip, sides, corner, rounded) {
    const same = rounded.filter(({ box }) => sides.every((side) => Math.abs(box[side] - clip[side]) <= 1));
    return Math.max(0, ...same.map(({ radii }) => radii[corner]));
  }

  /** The radii of a border box's four corners, in pixels of the viewport, made to fit as CSS wants it. */
  function cornerRadii({ rect, style, scaleX, scaleY }) {
    const width = rect.width / (scaleX || 1);
    const height = rect.height / (scaleY || 1);
    const length = (text) => (/%/.test(text || "") ? (parseFloat(text) / 100) * width : px(text));
    const radii = [style.borderTopLeftRadius, style.borderTopRightRadius, style.borderBottomRightRadius, style.borderBottomLeftRadius].map(length);
    const [topLeft, topRight, bottomRight, bottomLeft] = radii;
    const room = [width / (topLeft + topRight), height / (topRight + bottomRight), width / (bottomRight + bottomLeft), height / (bottomLeft + topLeft)];
    const fit = Math.min(1, ...room.filter((share) => share >= 0)); // 0/0 is none
    return radii.map((radius) => radius * fit * scaleX);
  }

  /** The z-index of an element: none where it has none, or where it is not positioned and no item of a flexbox or grid. */
  function zIndex(element, style, seen) {
    const index = parseInt(style.zIndex, 10);
    return Number.isFinite(index) && (style.position !== "static" || isItem(element, seen)) ? index : null;
  }

  /** Whether an element is an item of a flexbox or grid. */
  function isItem(element, seen) {
    const parent = element.parentElement;
    if (!parent) return false;
    const { display } = look(parent, seen).style;
    return display === "contents" ? isItem(parent, seen) : /flex|grid/.test(display);
  }

  const set = (value, initial = "none") => value !== undefined && value !== "" && value !== initial;

  function makesContainingBlock(style) {
    const transforms = [style.transform, style.translate, style.rotate, style.scale, style.perspective, style.filter];
    return (
      transforms.some((value) => set(value)) ||
      set(style.transformStyle, "flat") ||
      /paint|layout|strict|content/.test(style.contain || "") ||
      will(style, MOVES)
    );
  }

  function makesStackingContext(style) {
    return (
      style.position === "fixed" ||
      style.position === "sticky" ||
      fraction(style.opacity) < 1 ||
      style.isolation === "isolate" ||
      set(style.mixBlendMode, "normal") ||
      set(style.clipPath) ||
      set(style.maskImage) ||
      set(style.backdropFilter) ||
      will(style, LAYERS) ||
      makesContainingBlock(style)
    );
  }

  function will(style, properties) {
    return (style.willChange || "").split(",").some((name) => properties.includes(name.trim()));
  }

  /** Paint order among the surfaces: where the stacking contexts around two part, by their z-indices, then by place in the document. */
  function rank(measured) {
    const byOrder = measured.map((one, index) => ({ one, index }));
    byOrder.sort((a, b) => {
      const [first, second] = [a.one.order, b.one.order];
      let level = 0;
      while (level < first.length && level < second.length && first[level].box === second[level].box) level += 1;
      return zAt(first, level) - zAt(second, level) || a.index - b.index;
    });
    byOrder.forEach(({ one }, index) => (one.z = index));
  }

  function zAt(order, level) {
    return level < order.length ? order[level].z : 0;
  }

  function px(text) {
    return parseFloat(text) || 0;
  }

  function fraction(text) {
    const value = parseFloat(text);
    return Number.isFinite(value) ? Math.max(0, Math.min(1, value)) : 1;
  }

  return places;
})();
