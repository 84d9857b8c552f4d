// What authors of pages get wrong without seeing it: said once each on the console, with a code and what to do.
//
// Run in the engine only, after engine.js; the tools of an ordinary browser show most of this.
(function () {
  "use strict";

  const MAX_TOLD = 64;
  const MAX_ADDRESS = 200;

  if (!window.engine || window.top !== window) return;
  const told = new Set();

  function tell(code, name, text) {
    const key = `${code} ${name}`;
    if (told.has(key) || told.size >= MAX_TOLD) return;
    told.add(key);
    console.warn(`${code}: ${text}`);
  }

  function list(names) {
    return names.length > 0 ? names.join(", ") : "none";
  }

  document.addEventListener("securitypolicyviolation", ({ blockedURI, effectiveDirective }) => {
    const address = blockedURI.slice(0, MAX_ADDRESS);
    const way = effectiveDirective.startsWith("connect") ? "an app is offline" : "put the file into the page's folder";
    tell("CSP_REFUSED", `${effectiveDirective} ${address}`, `the page may not load ${address} (${effectiveDirective}); ${way}`);
  });

  /** The manifest and the document are held against each other once, after the first layout. */
  function compare() {
    const surfaces = engine.app.surfaces || [];
    const params = (engine.app.params || []).map((param) => param.name);
    for (const name of surfaces) {
      if (engine.surface(name).element) continue;
      tell("SURFACE_WITHOUT_ELEMENT", name, `the manifest's surface "${name}" has no element on the page and is not shown; give one data-surface="${name}"`);
    }
    for (const element of document.querySelectorAll("[data-param]")) {
      const name = element.getAttribute("data-param");
      if (params.includes(name)) continue;
      tell("PARAM_UNKNOWN", name, `data-param="${name}" names no parameter of the manifest, whose parameters are: ${list(params)}`);
    }
  }

  const loaded = new Promise((resolve) => window.addEventListener("load", resolve, { once: true }));
  Promise.all([loaded, engine.ready]).then(() => requestAnimationFrame(compare));
})();
