// Pairs of surfaces that overlap. The second comes later in the document; what lies above is for the browser to say.
"use strict";

const SIZE = "width:20px;height:20px;";
const OVER = "position:absolute;left:0;top:0;";

/** A pair in which the first has the higher z-index, but inside of a box with this style. */
const within = (style) => [`<div style="${SIZE}${style}"><div A style="${SIZE}position:absolute;z-index:9"></div></div>`, `<div B style="${SIZE}${OVER}z-index:1"></div>`];

const PAIRS = [
  ["plain", `<div A style="${SIZE}${OVER}"></div>`, `<div B style="${SIZE}${OVER}"></div>`],
  ["negative", `<div A style="${SIZE}${OVER}"></div>`, `<div B style="${SIZE}${OVER}z-index:-1"></div>`],
  ["flex item", `<div style="display:flex"><div A style="${SIZE}flex:none;z-index:1"></div>`, `<div B style="${SIZE}flex:none;margin-left:-20px"></div></div>`],
  ["grid item", `<div style="display:grid"><div A style="${SIZE}grid-area:1/1;z-index:1"></div>`, `<div B style="${SIZE}grid-area:1/1"></div></div>`],
  ["not positioned", `<div A style="${SIZE}opacity:0.9;z-index:9"></div>`, `<div B style="${SIZE}opacity:0.9;margin-top:-20px"></div>`],
  ["none", ...within("")],
  ["two boxes", within("transform:translate(0)")[0], `<div style="${SIZE}${OVER}transform:translate(0)"><div B style="${SIZE}${OVER}z-index:1"></div></div>`],
  ["one box", `<div style="${SIZE}transform:translate(0)"><div A style="${SIZE}${OVER}z-index:2"></div>`, `<div B style="${SIZE}${OVER}z-index:1"></div></div>`],
  ...[
    "position:fixed",
    "position:sticky",
    "opacity:0.9",
    "isolation:isolate",
    "mix-blend-mode:multiply",
    "clip-path:inset(0)",
    "will-change:transform",
    "will-change:opacity",
    "will-change:scroll-position",
    "transform:translate(0)",
    "translate:0px",
    "rotate:1deg",
    "scale:1",
    "perspective:100px",
    "filter:blur(0)",
  ].map((style) => [style, ...within(style)]),
];

/** Shows the pairs, and says of each which of the two lies above. */
function showPairs() {
  const box = document.createElement("div");
  box.id = "pairs";
  box.innerHTML = PAIRS.map(([, first, second], at) => {
    const place = `position:absolute;z-index:0;${SIZE}left:${30 * at}px;top:500px`;
    const name = (text, letter, which) => text.replace(` ${letter} `, ` data-surface="${at} ${which}" `);
    return `<div style="${place}">${name(first, "A", "first")}${name(second, "B", "second")}</div>`;
  }).join("");
  document.body.append(box);
  return PAIRS.map(([pair], at) => {
    const top = document.elementFromPoint(30 * at + 10, 510);
    return { pair, top: top && top.getAttribute("data-surface") };
  });
}
