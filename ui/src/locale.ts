/** WebKit gives `C` as the language where the system has no locale. Intl refuses it, and uPlot asks Intl for it as soon as it is loaded: import this before it. */
try {
  Intl.getCanonicalLocales(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-US', configurable: true });
}
